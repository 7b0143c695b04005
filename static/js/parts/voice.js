// What is said to a screen reader, on every page of the desk.

let voice = null;

// Lets a screen reader say something when it has time, without moving the focus.
export function say(words) {
  if (!voice) {
    voice = document.createElement("div");
    voice.className = "desk-voice";
    voice.setAttribute("role", "status");
    document.body.append(voice);
  }
  voice.textContent = words;
}
