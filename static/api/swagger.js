// Starts Swagger UI. It is a separate file because the pages allow no inline scripts.
const page = document.getElementById("swagger-ui");

SwaggerUIBundle({
  url: page.dataset.document,
  domNode: page,
  deepLinking: true,
  // With a session cookie, requests that change something need this page's CSRF token.
  requestInterceptor: (request) => {
    if (request.method && request.method !== "GET") {
      request.headers["X-CSRFToken"] = page.dataset.csrfToken;
    }
    return request;
  },
});
