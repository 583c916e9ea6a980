// A form goes to the server once, however often somebody presses. And with something in it that was typed or chosen it
// leaves the page only when it will be taken: while the session is over or nobody answers, it stays, and that is said.
(() => {
  const PATIENCE_MS = 10_000;
  const FIELDS = "textarea, select, input:not([type=hidden], [type=submit])";
  const said = document.getElementById("said");
  // Forms that are asked about, that may go, and that went a moment ago.
  const asking = new WeakSet();
  const free = new WeakSet();
  const sent = new WeakSet();

  const hasFields = (form) => [...form.elements].some((field) => field.matches(FIELDS));
  // Asked as htmx asks, so that whoever guards the forms answers as it would a form, with a way to sign in.
  const isTaken = async () => {
    try {
      const headers = { "HX-Request": "true", "HX-Current-URL": location.href };
      const answer = await fetch("/signed-in", { method: "POST", headers, signal: AbortSignal.timeout(PATIENCE_MS) });
      if (answer.status === 401) said.innerHTML = await answer.text();
      else if (!answer.ok) throw new Error(`answered ${answer.status}`);
      return answer.ok;
    } catch {
      document.dispatchEvent(new CustomEvent("duewell:away"));
      return false;
    }
  };

  document.addEventListener("submit", async (event) => {
    const { target: form, submitter } = event;
    if (event.defaultPrevented || form.getAttribute("method") !== "post") return;
    if (asking.has(form) || sent.has(form)) {
      event.preventDefault();
    } else if (free.delete(form) || !hasFields(form)) {
      sent.add(form);
      // Whoever stopped it meanwhile may send it again.
      setTimeout(() => sent.delete(form), PATIENCE_MS);
    } else {
      event.preventDefault();
      asking.add(form);
      const isFree = await isTaken();
      asking.delete(form);
      if (!isFree || !form.isConnected) return;
      free.add(form);
      form.requestSubmit(submitter?.form === form ? submitter : null);
      free.delete(form);
    }
  });
  // A page that comes back may be worked with again.
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) for (const form of document.forms) sent.delete(form);
  });
})();
