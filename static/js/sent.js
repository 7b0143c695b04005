// The answer to the sign-up form stands at the form's own address. A reload would send the form
// again; now it asks for the same page without the typed address.

const path = document.querySelector("[data-sent]")?.dataset.sent;

if (path) history.replaceState(null, "", path);
