// A line's sound from the scan's viewing copy: from its first word to its last, and no further.

const sound = document.getElementById("cast-sound");
let until = 0;
let playing = null; // The button of the line that is heard.

function stop() {
  sound.pause();
  playing?.removeAttribute("aria-pressed");
  playing = null;
}

function play(button) {
  const again = playing === button;
  stop();
  if (again) return;
  playing = button;
  until = Number(button.dataset.until);
  button.setAttribute("aria-pressed", "true");
  sound.currentTime = Number(button.dataset.at);
  sound.play().catch(stop);
}

if (sound) {
  for (const button of document.querySelectorAll(".cast-play")) {
    button.hidden = false;
    button.addEventListener("click", () => play(button));
  }
  sound.addEventListener("timeupdate", () => {
    if (playing && sound.currentTime >= until) stop();
  });
  sound.addEventListener("ended", stop);
}
