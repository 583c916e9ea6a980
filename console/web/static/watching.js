// A page that stays open asks itself now and then whether it still shows what is so. Parts that changed are put in
// their place, but never under somebody's hands: where something is typed, ticked or opened, the page says it instead.
(() => {
  const SHOWN_MS = 20_000;
  const HIDDEN_MS = 600_000;
  const PATIENCE_MS = 15_000;
  const news = document.getElementById("news");
  const renewed = document.getElementById("renewed");
  const words = news.dataset;
  let timer = null;
  let isLooking = false;
  let isWanted = false;
  let failures = 0;

  const parts = () => [...document.querySelectorAll(".watched")];
  const states = () => parts().map((part) => part.dataset.state).join(" ");
  const address = () => location.pathname + location.search;

  // What somebody is doing with a part.
  const isWritten = (field) => field.matches("textarea, select, input:not([type=checkbox], [type=radio], [type=submit])");
  const isChanged = (field) => {
    if (field.matches("[type=checkbox], [type=radio]")) return field.checked !== field.defaultChecked;
    if (!field.matches("select")) return field.value !== field.defaultValue;
    const first = [...field.options].findIndex((option) => option.defaultSelected);
    return field.selectedIndex !== Math.max(first, 0);
  };
  const fields = (place) => [...place.querySelectorAll("input, textarea, select")];
  const isTyped = (place) => fields(place).some((field) => field.matches("input, textarea") && isWritten(field) && isChanged(field));
  const isMarked = (part) => {
    const selection = getSelection();
    return !selection.isCollapsed && selection.rangeCount > 0 && selection.getRangeAt(0).intersectsNode(part);
  };
  const isInUse = (part, fresh) => {
    const focused = part.contains(document.activeElement) ? document.activeElement : null;
    return (
      fields(part).some(isChanged) ||
      part.querySelector("details[open] form, dialog[open], .dragged") !== null ||
      isMarked(part) ||
      (focused !== null && (isWritten(focused) || likeIn(fresh, focused) === null))
    );
  };

  // The element of the new part that is what the old one was: the focus goes there.
  const marks = (element) =>
    [
      element.id,
      element.getAttribute("href"),
      element.dataset.row,
      element.getAttribute("name"),
      element.getAttribute("value"),
      element.getAttribute("aria-label"),
      element.form?.getAttribute("action"),
      element.matches("button, summary") ? element.textContent : "",
    ].join("\n");
  const likeIn = (fresh, element) =>
    [...fresh.querySelectorAll(element.localName)].find((other) => marks(other) === marks(element)) ?? null;

  const renew = (part, fresh) => {
    const focused = part.contains(document.activeElement) ? likeIn(fresh, document.activeElement) : null;
    const opened = new Map([...part.querySelectorAll("summary")].map((one) => [one.textContent, one.parentElement.open]));
    const scrolled = [...part.querySelectorAll(".table")].map((table) => table.scrollLeft);
    part.replaceWith(fresh);
    for (const one of fresh.querySelectorAll("summary")) {
      if (opened.has(one.textContent)) one.parentElement.open = opened.get(one.textContent);
    }
    for (const [at, table] of [...fresh.querySelectorAll(".table")].entries()) table.scrollLeft = scrolled[at] ?? 0;
    window.htmx?.process(fresh);
    focused?.focus({ preventScroll: true });
  };

  // What is said about it, once: a message that is there already is not read out again.
  const say = (text, ...more) => {
    if (news.dataset.said === text) return;
    news.dataset.said = text;
    const said = document.createElement("p");
    said.textContent = text;
    news.replaceChildren(...(text ? [said, ...more] : []));
  };
  const button = () => {
    const made = document.createElement("button");
    made.type = "button";
    made.textContent = words.renew;
    made.addEventListener("click", () => look(true));
    return made;
  };
  const door = () => {
    const link = document.createElement("a");
    link.textContent = words.signIn;
    link.href = isTyped(document) ? "/sign-in" : address();
    if (isTyped(document)) link.target = "_blank";
    return link;
  };
  const announce = (sentences) => {
    renewed.textContent = "";
    if (sentences.size) setTimeout(() => (renewed.textContent = [...sentences].join(" ")), 100);
  };

  const take = (page, isForced) => {
    const waiting = new Set();
    const told = new Set();
    let first = null;
    let isWaitingTyped = false;
    for (const part of parts()) {
      const fresh = document.importNode(page.getElementById(part.id) ?? document.createElement("div"), true);
      if (fresh.dataset.state === part.dataset.state) continue;
      const { changed } = part.dataset;
      if (!fresh.id || part.closest("[aria-busy=true]") || (!isForced && isInUse(part, fresh))) {
        waiting.add(changed);
        isWaitingTyped ||= isTyped(part);
        continue;
      }
      renew(part, fresh);
      first ??= fresh;
      if (changed) told.add(changed);
    }
    document.dispatchEvent(new CustomEvent("duewell:renewed"));
    if (isForced && first && document.activeElement === document.body) {
      const place = first.closest("section") ?? first.parentElement;
      place.tabIndex = -1;
      place.focus({ preventScroll: true });
    }
    announce(told);
    const sentences = [...waiting].filter(Boolean);
    if (isWaitingTyped) sentences.push(words.typed);
    say(sentences.join(" "), button());
  };

  const hear = async (answer, isForced) => {
    failures = 0;
    if (answer.status === 204) say("");
    else if (answer.status === 401) say(isTyped(document) ? `${words.ended} ${words.kept}` : words.ended, door());
    else if (answer.status === 403 || answer.status === 404 || answer.redirected) say(words.gone);
    else if (answer.ok) take(new DOMParser().parseFromString(await answer.text(), "text/html"), isForced);
    else throw new Error(`answered ${answer.status}`);
  };

  const look = async (isForced = false) => {
    isWanted ||= isForced;
    if (isLooking) return;
    isLooking = true;
    const isAnew = isWanted;
    isWanted = false;
    const asked = address();
    const seen = states();
    try {
      if (seen) {
        const answer = await fetch(asked, {
          headers: { "Duewell-Seen": isAnew ? "" : seen },
          signal: AbortSignal.timeout(PATIENCE_MS),
        });
        // Somebody may have gone on meanwhile: then the answer is about what is not shown any more.
        if (asked === address() && seen === states()) await hear(answer, isAnew);
      }
    } catch {
      failures += 1;
      if (failures > 1) say(words.old);
    } finally {
      isLooking = false;
      if (isWanted) look();
      else later();
    }
  };
  const later = () => {
    clearTimeout(timer);
    // Pages that were opened together do not ask together.
    timer = setTimeout(look, (document.hidden ? HIDDEN_MS : SHOWN_MS) * (0.9 + Math.random() / 5));
  };

  document.addEventListener("visibilitychange", () => (document.hidden ? later() : look()));
  window.addEventListener("pageshow", (event) => event.persisted && look());
  window.addEventListener("online", () => look());
  later();
})();
