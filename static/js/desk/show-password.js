// A button beside a password that shows what is typed.

for (const button of document.querySelectorAll("[data-show]")) {
  const field = document.getElementById(button.dataset.show);
  button.hidden = false;
  button.addEventListener("click", () => {
    const isShown = field.type === "text";
    field.type = isShown ? "password" : "text";
    button.textContent = isShown ? "Show" : "Hide";
    button.setAttribute("aria-pressed", String(!isShown));
    field.focus();
  });
  // Browsers keep what was typed into a text field.
  field.form.addEventListener("submit", () => {
    field.type = "password";
  });
}
