(function () {
  "use strict";
  function plain(text) {
    return text.normalize("NFD").replace(/[\u0300-\u036f]/g, "").replace(/đ/gi, "d").toLowerCase();
  }
  function value(row, column) {
    var cell = row.cells[column];
    var sort = cell.getAttribute("data-v");
    return sort === null ? cell.textContent.trim() : sort === "" ? null : Number(sort);
  }
  document.querySelectorAll("table.sort").forEach(function (table) {
    var body = table.tBodies[0];
    Array.from(table.tHead.rows[0].cells).forEach(function (head, column) {
      if (head.textContent.trim() === "") { return; }
      var button = document.createElement("span");  // a <button> is not printed in a repeated heading
      button.setAttribute("role", "button");
      button.tabIndex = 0;
      while (head.firstChild) { button.appendChild(head.firstChild); }
      head.appendChild(button);
      button.addEventListener("keydown", function (event) {
        if (event.key === "Enter" || event.key === " ") { event.preventDefault(); button.click(); }
      });
      button.addEventListener("click", function () {
        var up = head.getAttribute("aria-sort") === "descending" || (head.getAttribute("aria-sort") === null && !head.classList.contains("n"));
        Array.from(head.parentNode.cells).forEach(function (other) { other.removeAttribute("aria-sort"); });
        head.setAttribute("aria-sort", up ? "ascending" : "descending");
        Array.from(body.rows).map(function (row) { return [value(row, column), row]; }).sort(function (a, b) {
          if (a[0] === null || b[0] === null) { return (a[0] === null) - (b[0] === null); }
          var order = typeof a[0] === "number" ? a[0] - b[0] : a[0].localeCompare(b[0], "vi", {numeric: true});
          return up ? order : -order;
        }).forEach(function (pair) { body.appendChild(pair[1]); });
      });
    });
  });
  document.querySelectorAll("input[data-table]").forEach(function (input) {
    var body = document.getElementById(input.getAttribute("data-table")).tBodies[0];
    input.addEventListener("input", function () {
      var wanted = plain(input.value.trim());
      Array.from(body.rows).forEach(function (row) { row.hidden = wanted !== "" && plain(row.textContent).indexOf(wanted) < 0; });
    });
  });
})();
