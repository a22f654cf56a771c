// Keeps a page as it is now: the server says that something changed, and the parts marked data-live are fetched anew.
const QUIET_MS = 2000; // so often at most
let waiting = 0;
let asked = 0;

function refresh() {
  if (waiting) return;
  waiting = setTimeout(fetchPage, Math.max(0, asked + QUIET_MS - Date.now()));
}

async function fetchPage() {
  waiting = 0;
  asked = Date.now();
  if (document.hidden) return;
  try {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" }, redirect: "error" });
    if (answer.ok) replaceParts(new DOMParser().parseFromString(await answer.text(), "text/html"));
    else if (answer.status === 503) location.reload();
  } catch {
    // the stream notices, and says so
  }
}

function replaceParts(fresh) {
  for (const old of document.querySelectorAll("[data-live]")) {
    const found = fresh.getElementById(old.id);
    if (!found || old.contains(document.activeElement) && document.activeElement !== document.body) continue;
    for (const open of old.querySelectorAll("details[open][id]")) {
      fresh.getElementById(open.id)?.setAttribute("open", "");
    }
    if (found.innerHTML !== old.innerHTML) old.replaceChildren(...found.childNodes);
  }
  paint();
}

// Time that is left, counted down once a second.
const format = Intl.DurationFormat
  ? new Intl.DurationFormat(document.documentElement.dataset.locale, { style: "digital", hoursDisplay: "auto" })
  : null;

function paint() {
  for (const one of document.querySelectorAll("[data-left]")) {
    const left = Math.max(0, Number(one.dataset.left));
    if (!format) continue;
    const text = format.format({ hours: Math.floor(left / 3600), minutes: Math.floor(left / 60) % 60, seconds: left % 60 });
    one.textContent = one.classList.contains("left") ? `(${text})` : text;
  }
}

function countDown() {
  for (const one of document.querySelectorAll("[data-left]")) {
    one.dataset.left -= 1;
    if (one.dataset.left < 0) refresh();
  }
  paint();
}
paint();
setInterval(countDown, 1000);

const liveness = document.getElementById("liveness");
const stream = new EventSource(`/live?since=${document.body.dataset.since}`);
stream.addEventListener("change", refresh);
stream.addEventListener("gap", refresh);
stream.onopen = () => { liveness.textContent = ""; };
stream.onerror = () => { liveness.textContent = liveness.dataset.off; };
document.addEventListener("visibilitychange", refresh);
addEventListener("pagehide", () => stream.close());
