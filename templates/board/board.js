// Pages work without this. With it they stay up to date: the page is asked for again and what differs is put in place,
// so that focus, scroll and open forms stay where they are. A hidden tab asks for nothing.
(() => {
  "use strict";
  const root = document.documentElement;
  const state = document.querySelector(".state");
  const every = Number(root.dataset.live || 0) * 1000;
  let timer, failures = 0, asking = null;

  const say = (kind, text) => {
    if (!state || state.dataset.state === kind) return;
    state.dataset.state = kind;
    state.textContent = text;
    state.hidden = false;
  };

  const same = (a, b) => a.nodeType === b.nodeType && a.nodeName === b.nodeName && (a.id || "") === (b.id || "");

  // What somebody types, has opened or chosen is theirs.
  const theirs = (node) => node.matches?.("input,select,textarea") || (node.matches?.("details[open]") && node.contains(document.activeElement));

  const attributes = (old, fresh) => {
    for (const { name } of [...old.attributes]) {
      if (!fresh.hasAttribute(name) && !(name === "open" && old.nodeName === "DETAILS")) old.removeAttribute(name);
    }
    for (const { name, value } of fresh.attributes) {
      if (old.getAttribute(name) !== value) old.setAttribute(name, value);
    }
  };

  const become = (old, fresh) => {
    if (old.nodeType !== Node.ELEMENT_NODE) {
      if (old.nodeValue !== fresh.nodeValue) old.nodeValue = fresh.nodeValue;
      return;
    }
    if (theirs(old) || old.isEqualNode(fresh)) return;
    attributes(old, fresh);
    const keyed = new Map([...old.children].filter((child) => child.id).map((child) => [child.id, child]));
    let at = old.firstChild;
    for (const next of [...fresh.childNodes]) {
      const known = next.id && keyed.get(next.id);
      if (known && known !== at) old.insertBefore(known, at);
      const here = known || at;
      if (here && same(here, next)) {
        become(here, next);
        at = here.nextSibling;
      } else {
        old.insertBefore(document.importNode(next, true), at);
      }
    }
    while (at) {
      const gone = at;
      at = at.nextSibling;
      gone.remove();
    }
  };

  const look = async () => {
    asking = new AbortController();
    const late = setTimeout(() => asking.abort(), 10000);
    try {
      const answer = await fetch(location.href, { signal: asking.signal, redirect: "manual", cache: "no-store", headers: { "X-Live": "1" } });
      if (answer.type === "opaqueredirect") {
        say("late", "Signed out");
        return false;
      }
      if (!answer.ok) throw new Error(answer.status);
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
      for (const old of document.querySelectorAll("[data-live-part]")) {
        const next = fresh.getElementById(old.id);
        if (next) become(old, next);
      }
      failures = 0;
      say("live", "Live");
    } catch {
      if (!document.hidden) {
        failures += 1;
        say("late", "Not up to date, trying again");
      }
    } finally {
      clearTimeout(late);
    }
    return true;
  };

  const next = () => {
    clearTimeout(timer);
    timer = setTimeout(async () => (await look()) && !document.hidden && next(), every * Math.min(2 ** failures, 12));
  };

  if (every) {
    say("live", "Live");
    next();
    document.addEventListener("visibilitychange", async () => {
      clearTimeout(timer);
      if (document.hidden) {
        asking?.abort();
        say("paused", "Paused");
      } else if (await look()) {
        next();
      }
    });
  }

  // A filter is applied as soon as it is chosen.
  for (const form of document.querySelectorAll("form.filter")) {
    form.addEventListener("change", (event) => event.target.matches("select,input[type=checkbox]") && form.requestSubmit());
    // What was left empty need not stand in the address.
    form.addEventListener("formdata", (event) => {
      for (const [name, value] of [...event.formData]) if (value === "") event.formData.delete(name);
    });
  }

  // Whoever opens a form wants to write in it.
  for (const act of document.querySelectorAll("details.act")) {
    act.addEventListener("toggle", () => act.open && act.querySelector("textarea,input:not([type=hidden])")?.focus());
  }

  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest?.("input,select,textarea");
    if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      document.querySelector(".find input")?.focus();
    }
    if (event.key === "Escape") event.target.closest?.("details[open]")?.removeAttribute("open");
  });

  // Something is under way: shown only where it takes a moment.
  let going;
  const busy = () => (going = setTimeout(() => root.setAttribute("aria-busy", "true"), 250));
  addEventListener("beforeunload", busy);
  addEventListener("pageshow", () => {
    clearTimeout(going);
    root.removeAttribute("aria-busy");
  });
})();
