"""The Celery application: a doorbell that carries a job id and nothing else.

Guarantees: losing, repeating or reordering messages harms nothing (see `relay`). The parts are built once per worker
process, after the fork. Started by `gateway worker`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from celery import Celery, signals

from gateway.runtime.bootstrap import Parts
from gateway.settings import Settings

_TASK = "gateway.do"
_POLLING_S = 0.05
_LONGEST_JOB_S = 3600
_JOBS_PER_CHILD = 500


def application(settings: Settings) -> Celery:
    """A Celery application on the configured broker."""
    app = Celery("gateway", broker=settings.broker or "filesystem://localhost", set_as_current=False)
    app.conf.update(
        task_ignore_result=True,
        task_time_limit=_LONGEST_JOB_S,
        task_serializer="json",
        accept_content=["json"],
        worker_prefetch_multiplier=1,
        worker_max_tasks_per_child=_JOBS_PER_CHILD,
        worker_hijack_root_logger=False,
        worker_redirect_stdouts=False,
        worker_enable_remote_control=False,
        worker_send_task_events=False,
        broker_connection_retry_on_startup=True,
        broker_transport_options=_transport(settings.broker_folder),
    )
    return app


def make_broker_folders(folder: Path) -> None:
    """The filesystem broker's folders; also after someone removed them."""
    for name in ("queue", "control", "processed"):
        (folder / name).mkdir(parents=True, exist_ok=True)


def _transport(folder: Path | None) -> dict[str, Any]:
    if folder is None:
        return {}
    make_broker_folders(folder)
    return {
        "data_folder_in": str(folder / "queue"),
        "data_folder_out": str(folder / "queue"),
        "processed_folder": str(folder / "processed"),
        "control_folder": str(folder / "control"),
        "store_processed": False,
        "polling_interval": _POLLING_S,
    }


class Doorbell:
    """Publishes job ids."""

    def __init__(self, settings: Settings) -> None:
        self._folder = settings.broker_folder
        self._app = application(settings)

    def ring(self, job_id: int) -> None:
        """Publish one job id.

        Raises:
            OSError: the broker is away (kombu's OperationalError is told as ConnectionError).
        """
        if self._folder is not None and not (self._folder / "queue").is_dir():
            make_broker_folders(self._folder)
        try:
            self._app.send_task(_TASK, args=[job_id], retry=False)
        except self._app.connection_for_write().connection_errors as error:
            raise ConnectionError(f"broker: {error}") from error


def worker_application(settings: Settings) -> Celery:
    """The application with its one task, for a worker; its parts are built in each pool process, after the fork."""
    app = application(settings)
    parts: list[Parts] = []

    def build(**_: object) -> None:
        parts[:] = [Parts(settings)]

    def close(**_: object) -> None:
        for built in parts:
            built.close()

    def do(job_id: int) -> str:
        """Do one job of the database's queue, if it is still to be done."""
        return parts[0].workshop.perform(job_id).value

    signals.worker_process_init.connect(build, weak=False)
    signals.worker_process_shutdown.connect(close, weak=False)
    app.task(name=_TASK)(do)
    return app
