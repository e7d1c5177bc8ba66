// The submission form with a script: files can be dropped and removed, their limits are told before anything is sent,
// progress is shown, and after a lost connection everything is still there. Without it the form is an ordinary one.
"use strict";
(() => {
  const form = document.getElementById("submission");
  const input = document.getElementById("files");
  const drop = document.getElementById("drop");
  const rows = document.getElementById("file-rows");
  const news = document.getElementById("file-news");
  const trouble = document.getElementById("form-trouble");
  const send = document.getElementById("send");
  const sending = document.getElementById("sending");
  const sendingText = document.getElementById("sending-text");
  const bar = document.getElementById("sending-bar");
  const words = form.dataset;
  const limits = { file: Number(words.fileBytes), all: Number(words.allBytes), files: Number(words.files) };
  let chosen = [];

  const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);
  const size = (count) => count >= 1048576
    ? `${(count / 1048576).toFixed(1).replace(/\.0$/, "")} MB`
    : `${count ? Math.max(1, Math.round(count / 1024)) : 0} KB`;

  function refusal(file) {
    const total = chosen.reduce((sum, other) => sum + other.size, 0);
    if (chosen.length >= limits.files) return fill(words.textTooMany, { n: limits.files, name: file.name });
    if (!file.size) return fill(words.textEmpty, { name: file.name });
    if (file.size > limits.file) return fill(words.textTooLarge, { name: file.name, limit: words.textFileLimit });
    if (total + file.size > limits.all) return fill(words.textAllTooLarge, { name: file.name, limit: words.textAllLimit });
    return "";
  }

  function add(files) {
    const faults = [];
    for (const file of files) {
      if (chosen.some((other) => other.name === file.name && other.size === file.size && other.lastModified === file.lastModified)) continue;
      const fault = refusal(file);
      if (fault) faults.push(fault);
      else chosen.push(file);
    }
    showFault("files", faults.join(" "));
    show();
    news.textContent = faults.length ? faults.join(" ") : `${[...files].map((f) => f.name).join(", ")} ${words.textAdded}`;
  }

  function show() {
    rows.replaceChildren(...chosen.map((file, index) => {
      const row = document.createElement("li");
      const name = document.createElement("span");
      const note = document.createElement("span");
      const remove = document.createElement("button");
      name.className = "file-name";
      name.textContent = file.name;
      note.className = "quiet";
      note.textContent = size(file.size);
      remove.type = "button";
      remove.className = "krds-btn small text";
      remove.textContent = words.textRemove;
      remove.setAttribute("aria-label", `${file.name} ${words.textRemove}`);
      remove.addEventListener("click", () => {
        chosen.splice(index, 1);
        showFault("files", "");
        show();
        news.textContent = `${file.name} ${words.textRemoved}`;
        input.focus();
      });
      row.append(name, note, remove);
      return row;
    }));
  }

  function showFault(name, text) {
    let place = document.getElementById(`error-${name}`);
    const group = document.getElementById(`group-${name}`);
    if (!place && group) {
      place = document.createElement("p");
      place.id = `error-${name}`;
      place.className = "form-hint-invalid";
      group.append(place);
    }
    if (place) {
      place.textContent = text;
      place.hidden = !text;
    }
    group?.querySelector(".form-conts")?.classList.toggle("is-error", Boolean(text));
    const field = document.getElementById(name);
    if (field && text) {
      field.setAttribute("aria-invalid", "true");
      field.setAttribute("aria-describedby", `error-${name}`);
    } else {
      field?.removeAttribute("aria-invalid");
    }
  }

  function clearFaults() {
    for (const place of form.querySelectorAll(".form-hint-invalid")) showFault(place.id.replace("error-", ""), "");
    trouble.hidden = true;
  }

  function showTrouble(title, faults) {
    trouble.querySelector(".notice-title").textContent = title || words.textCheck;
    trouble.querySelector("ul").replaceChildren(...Object.entries(faults).map(([name, text]) => {
      const line = document.createElement("li");
      const link = document.createElement("a");
      link.href = `#${name === "return_channel" ? "way-internet" : name}`;
      link.textContent = text;
      line.append(link);
      showFault(name, text);
      return line;
    }));
    trouble.hidden = false;
    trouble.focus();
    trouble.scrollIntoView({ block: "start" });
  }

  function atRest() {
    send.disabled = false;
    sending.hidden = true;
  }

  function body() {
    const filled = new FormData(form);
    filled.delete("files");
    for (const file of chosen) filled.append("files", file, file.name);
    return filled;
  }

  function answered(request) {
    let answer = {};
    try {
      answer = JSON.parse(request.responseText);
    } catch {
      answer = {};
    }
    if (request.status === 201 && answer.location) {
      window.location.assign(answer.location);
      return;
    }
    atRest();
    showTrouble(answer.text, answer.faults ?? {});
  }

  function submit(event) {
    event.preventDefault();
    if (send.disabled) return;
    clearFaults();
    send.disabled = true;
    sending.hidden = false;
    bar.value = 0;
    sendingText.textContent = `${words.textSending} 0%`;
    const request = new XMLHttpRequest();
    request.open("POST", form.action);
    request.setRequestHeader("Accept", "application/json");
    let told = 0;
    request.upload.addEventListener("progress", (progress) => {
      if (!progress.lengthComputable) return;
      const share = Math.floor((progress.loaded / progress.total) * 100);
      bar.value = share;
      if (share >= told + 10 || share === 100) {
        told = share;
        sendingText.textContent = share === 100 ? words.textStoring : `${words.textSending} ${share}%`;
      }
    });
    request.addEventListener("load", () => answered(request));
    for (const end of ["error", "timeout", "abort"]) {
      request.addEventListener(end, () => {
        atRest();
        showTrouble(words.textLost, {});
      });
    }
    request.send(body());
  }

  input.addEventListener("change", () => {
    add(input.files);
    input.value = "";
  });
  drop.classList.add("scripted");
  drop.querySelector(".drop-here").hidden = false;
  for (const name of ["dragenter", "dragover"]) {
    drop.addEventListener(name, (event) => {
      event.preventDefault();
      drop.classList.add("is-over");
    });
  }
  drop.addEventListener("dragleave", () => drop.classList.remove("is-over"));
  drop.addEventListener("drop", (event) => {
    event.preventDefault();
    drop.classList.remove("is-over");
    add(event.dataTransfer.files);
  });
  // what is being put right is no longer called wrong
  form.addEventListener("input", (event) => {
    const name = event.target.name;
    if (name === "return_channel") for (const other of ["return_channel", "fax", "postcode", "address", "name", "phone"]) showFault(other, "");
    else if (name && name !== "files") showFault(name, "");
  });
  form.addEventListener("submit", submit);
  window.addEventListener("pageshow", atRest);
})();
