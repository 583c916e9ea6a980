// A form goes to the server once, however often somebody presses. And with something in it that was typed or chosen it
// leaves the page only when it will be taken: while the session is over or nobody answers, it stays, and that is said.
(() => {
  const PATIENCE_MS = 10_000;
  const FIELDS = "textarea, select, input:not([type=hidden], [type=submit])";
  const said = document.getElementById("said");
  const words = document.body.dataset;
  // Forms that are asked about, that may go, and that went a moment ago.
  const asking = new WeakSet();
  const free = new WeakSet();
  const sent = new WeakSet();

  const say = (text, ...more) => {
    const problem = document.createElement("p");
    problem.className = "problem lasting";
    problem.append(text, ...more);
    said.replaceChildren(problem);
  };
  const door = () => {
    const link = document.createElement("a");
    link.href = "/sign-in";
    link.target = "_blank";
    link.rel = "noopener";
    link.textContent = words.signIn;
    return link;
  };
  const isTaken = async () => {
    try {
      const answer = await fetch("/signed-in", { cache: "no-store", signal: AbortSignal.timeout(PATIENCE_MS) });
      if (answer.status === 401) say(`${words.ended} ${words.kept} `, door());
      else if (!answer.ok) throw new Error(`answered ${answer.status}`);
      return answer.ok;
    } catch {
      say(words.away);
      return false;
    }
  };

  document.addEventListener("submit", async (event) => {
    const { target: form, submitter } = event;
    if (event.defaultPrevented || form.getAttribute("method") !== "post") return;
    if (asking.has(form) || sent.has(form)) {
      event.preventDefault();
    } else if (free.delete(form) || form.querySelector(FIELDS) === null) {
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
