import { sessionClient } from "/client.js";

// The pages work without this script. It adds a countdown, and says at once when the session ends elsewhere.
const sessions = sessionClient({ path: "/account" });

// The server formats times in this zone.
const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
// biome-ignore lint/suspicious/noDocumentCookie: not every browser has the Cookie Store API.
document.cookie = `timezone=${timeZone}; Path=/; Max-Age=31536000; SameSite=Strict`;

if ("signedIn" in document.body.dataset) {
  const stopWatching = sessions.watch({
    tick(left) {
      showTimeLeft(left);
      listen();
    },
    end: showEnd,
  });
  let events;

  /** Opens the stream by which the server says at once that the session has ended. `watch` alone notices within a minute. */
  function listen() {
    // A browser may have only six connections to a site, so the tabs in the background have none.
    if (events || document.visibilityState !== "visible") return;
    events = new EventSource("/events");
    events.addEventListener("session-ended", ({ data }) => showEnd(JSON.parse(data).reason));
  }

  function stopListening() {
    events?.close();
    events = undefined;
  }

  function stop() {
    stopWatching();
    stopListening();
  }

  function showEnd(reason) {
    stop();
    const dialog = document.getElementById("ended");
    const text = document.getElementById("ended-text");
    text.textContent = text.dataset[reason] ?? text.textContent;
    dialog.addEventListener("close", () => location.replace("/login")); // Escape closes it
    dialog.showModal();
  }

  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "hidden") stopListening();
  });
  // A form may end this session. The page that follows then says so.
  document.addEventListener("submit", stop);
  for (const form of document.querySelectorAll("form[data-sign-out]")) {
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      void signOut(form);
    });
  }
}

/** Shows the time left in place of "in 24 hours", to the second during the last day. */
function showTimeLeft(left) {
  for (const place of document.querySelectorAll("[data-countdown]"))
    if (left < 86_400) place.textContent = `in ${formatSeconds(left)}`;
  document.getElementById("ending").hidden = left > 60;
}

/** Formats 3723 as "1:02:03". */
function formatSeconds(left) {
  const parts = [Math.floor(left / 60) % 60, left % 60].map((part) => String(part).padStart(2, "0"));
  return [Math.floor(left / 3_600), ...parts].join(":");
}

/** Signs out by the client, because it also notifies the other tabs. */
async function signOut(form) {
  try {
    await sessions.revoke();
    location.replace("/");
  } catch {
    form.submit(); // the server then shows the error
  }
}
