// Rules are dragged to another place; the arrows beside them do the same for keyboards.
(() => {
  const list = document.querySelector("ol.rules[data-order]");
  if (!list) return;
  const rows = [...list.querySelectorAll("li[data-rule]")];
  if (rows.length < 2) return;
  let dragged = null;
  const clear = () => rows.forEach((row) => row.classList.remove("over-before", "over-after", "dragged"));
  const isAfter = (row, event) => {
    const box = row.getBoundingClientRect();
    return event.clientY > box.top + box.height / 2;
  };
  for (const row of rows) {
    row.draggable = true;
    row.addEventListener("dragstart", (event) => {
      dragged = row;
      row.classList.add("dragged");
      event.dataTransfer.effectAllowed = "move";
      event.dataTransfer.setData("text/plain", row.dataset.rule);
    });
    row.addEventListener("dragend", () => {
      dragged = null;
      clear();
    });
    row.addEventListener("dragover", (event) => {
      if (!dragged || dragged === row) return;
      event.preventDefault();
      row.classList.toggle("over-after", isAfter(row, event));
      row.classList.toggle("over-before", !isAfter(row, event));
    });
    row.addEventListener("dragleave", () => row.classList.remove("over-before", "over-after"));
    row.addEventListener("drop", (event) => {
      if (!dragged || dragged === row) return;
      event.preventDefault();
      const others = rows.filter((one) => one !== dragged);
      const place = others.indexOf(row) + (isAfter(row, event) ? 2 : 1);
      const form = dragged.querySelector("form.moves");
      const to = document.createElement("input");
      to.type = "hidden";
      to.name = "to";
      to.value = String(place);
      form.append(to);
      form.submit();
    });
  }
})();
