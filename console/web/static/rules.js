// Rules are dragged to another place; the arrows beside them do the same for keyboards.
(() => {
  let dragged = null;
  const rows = () => [...document.querySelectorAll("ol.rules[data-order] > li[data-rule]")];
  const over = (event) => event.target.closest?.("ol.rules > li[data-rule]");
  const clear = () => rows().forEach((row) => row.classList.remove("over-before", "over-after", "dragged"));
  const isAfter = (row, event) => {
    const box = row.getBoundingClientRect();
    return event.clientY > box.top + box.height / 2;
  };
  const dress = () => rows().forEach((row, _, all) => (row.draggable = all.length > 1));

  document.addEventListener("dragstart", (event) => {
    const row = over(event);
    if (!row?.draggable) return;
    dragged = row;
    row.classList.add("dragged");
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", row.dataset.rule);
  });
  document.addEventListener("dragend", () => {
    dragged = null;
    clear();
  });
  document.addEventListener("dragover", (event) => {
    const row = over(event);
    if (!dragged || !row || dragged === row) return;
    event.preventDefault();
    row.classList.toggle("over-after", isAfter(row, event));
    row.classList.toggle("over-before", !isAfter(row, event));
  });
  document.addEventListener("dragleave", (event) => over(event)?.classList.remove("over-before", "over-after"));
  document.addEventListener("drop", (event) => {
    const row = over(event);
    if (!dragged || !row || dragged === row) return;
    event.preventDefault();
    const others = rows().filter((one) => one !== dragged);
    const form = dragged.querySelector("form.moves");
    const to = document.createElement("input");
    to.type = "hidden";
    to.name = "to";
    to.value = String(others.indexOf(row) + (isAfter(row, event) ? 2 : 1));
    form.append(to);
    form.submit();
  });
  document.addEventListener("duewell:renewed", dress);
  dress();
})();
