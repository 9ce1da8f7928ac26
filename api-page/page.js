// Swagger UI over /openapi.json. Nothing is asked of other servers, and no key outlives the page.
'use strict';

SwaggerUIBundle({
  url: 'openapi.json',
  dom_id: '#page',
  deepLinking: true,
  displayRequestDuration: true,
  docExpansion: 'list',
  filter: true,
  persistAuthorization: false,
  validatorUrl: 'none',
});
