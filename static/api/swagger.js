// Starts Swagger UI. A file of its own, because the pages allow no inline scripts.
const page = document.getElementById("swagger-ui");

SwaggerUIBundle({
  url: page.dataset.document,
  domNode: page,
  deepLinking: true,
  // Signed in by cookie, a request that changes something needs the token of this page.
  requestInterceptor: (request) => {
    if (request.method && request.method !== "GET") {
      request.headers["X-CSRFToken"] = page.dataset.csrfToken;
    }
    return request;
  },
});
