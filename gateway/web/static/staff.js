// The verifying page: zoom, rotate, follow the field under the cursor; confirm with Ctrl+Enter. Everything works
// without it except zooming and rotating. Styles are set through the object model, which the page's policy allows.
"use strict";
(() => {
  const form = document.querySelector("[data-verify]");
  if (form) {
    document.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) { event.preventDefault(); form.requestSubmit(); }
    });
    let sent = false;
    form.addEventListener("submit", (event) => { if (sent) event.preventDefault(); sent = true; });
    addEventListener("pageshow", () => { sent = false; });
  }
  for (const other of document.querySelectorAll("form[method=post]:not([data-verify])")) {
    let sent = false;
    other.addEventListener("submit", (event) => {
      if (event.submitter && event.submitter.formTarget === "_blank") return;
      if (sent) event.preventDefault();
      sent = true;
    });
    addEventListener("pageshow", () => { sent = false; });
  }

  const viewer = document.querySelector("[data-viewer]");
  if (!viewer) return;
  const pages = viewer.querySelector(".viewer-pages");
  let sheets = [...viewer.querySelectorAll(".sheet")];
  const tools = viewer.querySelector("[data-tools]");
  function undrawable(sheet) {
    const words = document.createElement("p");
    words.className = "empty";
    words.textContent = viewer.dataset.undrawable;
    sheet.replaceWith(words);
    sheets = sheets.filter((other) => other !== sheet);
    tools.hidden = sheets.length === 0;
  }
  tools.hidden = sheets.length === 0;
  for (const sheet of sheets) {
    const image = sheet.querySelector("img");
    if (image.complete && !image.naturalWidth && image.loading !== "lazy") undrawable(sheet);
    else image.addEventListener("error", () => undrawable(sheet));
  }
  let zoom = 1, turn = 0;

  function lay() {
    for (const sheet of sheets) {
      const frame = sheet.querySelector(".sheet-frame"), image = sheet.querySelector("img"), svg = sheet.querySelector("svg");
      const ratio = image.height && image.getAttribute("width") ? image.getAttribute("height") / image.getAttribute("width") : 1.414;
      const width = (pages.clientWidth - 24) * zoom, sideways = turn % 180 !== 0;
      sheet.style.width = `${width}px`;
      frame.style.height = `${sideways ? width / ratio : width * ratio}px`;
      const across = sideways ? width / ratio : width, down = across * ratio;
      for (const layer of [image, svg]) {
        Object.assign(layer.style, {
          position: "absolute", inset: "auto", width: `${across}px`, height: `${down}px`,
          left: `${(width - across) / 2}px`, top: `${((sideways ? width / ratio : width * ratio) - down) / 2}px`,
          transform: `rotate(${turn}deg)`,
        });
      }
    }
  }
  function setZoom(to) { zoom = Math.min(4, Math.max(0.4, to)); lay(); }

  viewer.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    if (button.dataset.zoom === "in") setZoom(zoom * 1.25);
    if (button.dataset.zoom === "out") setZoom(zoom / 1.25);
    if (button.dataset.zoom === "fit") { turn = 0; setZoom(1); }
    if ("rotate" in button.dataset) { turn = (turn + 90) % 360; lay(); }
  });
  pages.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "+" || event.key === "=") setZoom(zoom * 1.25);
    else if (event.key === "-") setZoom(zoom / 1.25);
    else if (event.key === "0") { turn = 0; setZoom(1); }
    else if (event.key === "r") { turn = (turn + 90) % 360; lay(); }
    else return;
    event.preventDefault();
  });

  function follow(target) {
    for (const box of viewer.querySelectorAll(".box.current")) box.classList.remove("current");
    const box = target && viewer.querySelector(`.box[data-for="${CSS.escape(target)}"]`);
    if (!box) return;
    box.classList.add("current");
    const seen = pages.getBoundingClientRect(), place = box.getBoundingClientRect();
    const quiet = matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth";
    if (place.top < seen.top + 40 || place.bottom > seen.bottom - 40)
      pages.scrollTo({ top: pages.scrollTop + place.top - seen.top - seen.height / 3, behavior: quiet });
  }
  document.addEventListener("focusin", (event) => {
    const row = event.target.closest("[data-field]");
    if (row) follow(`field-${row.dataset.field}`);
  });
  for (const mark of document.querySelectorAll("mark[data-box]")) mark.addEventListener("click", () => follow(mark.dataset.box));
  addEventListener("resize", lay);
  lay();
  const first = document.querySelector(".field-row.doubtful input, .field-row.doubtful select");
  if (first) first.focus({ preventScroll: true });
})();
