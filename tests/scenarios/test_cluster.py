"""The cluster form, as compose.yaml describes it: one process for each role on PostgreSQL and RabbitMQ."""

from __future__ import annotations

import re
from contextlib import ExitStack
from pathlib import Path

import sqlalchemy as sa

from gateway.domain.lifecycle import State
from gateway.runtime.demo import senders
from gateway.store import jobs, submissions
from tests.running import running
from tests.services import rabbitmq, wait_for


def test_a_petition_reaches_its_handler_on_postgresql_and_rabbitmq(postgresql_url: str, tmp_path: Path) -> None:
    with ExitStack() as stack:
        shared = {
            "GATEWAY_DATABASE": re.sub(r"/gateway$", "/cluster", postgresql_url),
            "GATEWAY_BROKER": stack.enter_context(rabbitmq()),
        }
        make_database(postgresql_url, "cluster")
        roles = {
            role: stack.enter_context(running(tmp_path / "var", role=role, extra=shared))
            for role in ("web", "beat", "worker")
        }
        form = senders.FilledForm.open(roles["web"].web)
        values = {
            "name": "홍가람", "email": "garam@citizen.example", "title": "가로등 고장", "return_channel": "internet",
            "text": "새터길 12 앞 가로등이 꺼져 있습니다.",
        }  # fmt: skip
        number = re.findall(r"\d{4}-\d{7}", form.send(values, []).url)[0]
        parts = roles["web"].parts

        def handled() -> bool:
            with parts.database.reading() as tx:
                return submissions.by_number(tx, number).state is State.ASSIGNED and not jobs.unfinished(tx)

        wait_for(handled, "the petition to reach its handler", patience_s=90)
        parts.close()


def make_database(server_url: str, name: str) -> None:
    engine = sa.create_engine(server_url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    engine.dispose()
