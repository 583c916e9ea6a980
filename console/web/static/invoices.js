// Choosing many invoices: a tick for the whole page, how many are chosen, and only the fields that an order has.
(() => {
  const boxes = () => [...document.querySelectorAll('input[name="chosen"]')];

  const show = () => {
    const form = document.getElementById("bulk");
    if (!form) return;
    const kind = form.querySelector("[data-bulk-kind]").value;
    for (const field of form.querySelectorAll("[data-for]")) field.hidden = field.dataset.for !== kind;
    const all = document.querySelector("[data-tick-all]");
    const ticked = boxes().filter((box) => box.checked).length;
    all.hidden = false;
    all.checked = ticked > 0 && ticked === boxes().length;
    all.indeterminate = ticked > 0 && !all.checked;
    const isWhole = form.querySelector("[data-whole]").checked;
    form.querySelector("[data-count]").textContent = isWhole ? "" : ticked ? String(ticked) : "";
    form.querySelector('[type="submit"]').disabled = !isWhole && ticked === 0;
  };

  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-tick-all]")) {
      for (const box of boxes()) box.checked = event.target.checked;
    }
    if (event.target.closest("#lines")) show();
  });
  document.addEventListener("htmx:after:swap", show);
  document.addEventListener("duewell:renewed", show);
  show();
})();
