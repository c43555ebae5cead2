// What all screens share: scripts' requests carry the session's token, as forms do.

export const token = document.querySelector('meta[name="csrf"]').content;

document.addEventListener("htmx:config:request", (event) => {
  event.detail.ctx.request.headers["X-CSRF-Token"] = token;
});

/** Send a form's fields or JSON to our own server; errors are sentences. */
export async function send(method, path, body) {
  const headers = { "X-CSRF-Token": token, Accept: "application/json" };
  if (body !== undefined && !(body instanceof FormData) && !(body instanceof Blob)) {
    headers["Content-Type"] = "application/json";
    body = JSON.stringify(body);
  }
  return fetch(path, { method, headers, body, credentials: "same-origin" });
}
