(function () {
  "use strict";
  var form = document.getElementById("tim"), word = document.getElementById("tu"), count = document.getElementById("dem");
  var choices = {s: document.getElementById("so"), d: document.getElementById("tieu-chi"), m: document.getElementById("muc")};
  function plain(text) {
    return text.normalize("NFD").replace(/[\u0300-\u036f]/g, "").replace(/đ/gi, "d").toLowerCase().replace(/\s+/g, " ");
  }
  function open(article, wide) {
    var more = article.querySelector("button.them");
    article.classList.toggle("mo", wide);
    more.setAttribute("aria-expanded", String(wide));
    more.textContent = wide ? "Thu gọn" : "Ví dụ, các ô cần xem";
  }
  var rules = Array.from(document.querySelectorAll("article")).map(function (article) {
    var more = document.createElement("button");
    more.type = "button";
    more.className = "them";
    more.addEventListener("click", function () { open(article, !article.classList.contains("mo")); });
    var found = {article: article, text: plain(article.textContent), s: article.closest("[data-s]").getAttribute("data-s"),
      d: article.getAttribute("data-d"), m: article.getAttribute("data-m")};
    article.appendChild(more);
    open(article, false);
    return found;
  });
  function show() {
    var parts = plain(word.value.trim()).split(" "), shown = 0;
    var narrowed = word.value.trim() !== "" || choices.s.value || choices.d.value || choices.m.value;
    rules.forEach(function (rule) {
      var fits = parts.every(function (part) { return rule.text.indexOf(part) >= 0; });
      Object.keys(choices).forEach(function (key) { fits = fits && (choices[key].value === "" || choices[key].value === rule[key]); });
      rule.article.hidden = !fits;
      shown += fits ? 1 : 0;
    });
    document.querySelectorAll("main section").forEach(function (section) { section.hidden = !section.querySelector("article:not([hidden])"); });
    document.getElementById("bang").hidden = document.getElementById("giai-thich").hidden = Boolean(narrowed);
    document.getElementById("khong").hidden = shown > 0;
    count.textContent = narrowed ? "Đang hiện " + shown + " trong " + rules.length + " quy tắc" : "";
  }
  function reset(text) {
    word.value = text;
    Object.keys(choices).forEach(function (key) { choices[key].value = ""; });
    show();
  }
  function follow() {
    var wanted = decodeURIComponent(location.hash.slice(1)), target = wanted && document.getElementById(wanted);
    if (target && target.closest("[hidden]")) { reset(""); }
    if (target && target.matches("article")) { open(target, true); }
    if (target) { target.scrollIntoView(); }
    if (wanted && !target) { reset(wanted); }
  }
  document.body.classList.add("gon");
  form.hidden = false;
  form.addEventListener("input", show);
  form.addEventListener("submit", function (event) { event.preventDefault(); });
  window.addEventListener("hashchange", follow);
  show();
  follow();
})();
