/** A refusal: what the service answers where a request cannot be done. */
export class ApiError extends Error {
  constructor(status, body) {
    super(`${status} ${body.error}: ${body.message}`);
    this.status = status;
    this.body = body;
  }
}

/** A client of the usage and billing API. It needs Node and nothing else. */
export class UsageClient {
  #base;
  #timeoutMillis;

  /** @param base where the API is, such as http://localhost:8080/api/v1 */
  constructor(base, timeoutMillis = 10_000) {
    this.#base = base;
    this.#timeoutMillis = timeoutMillis;
  }

  registerService(service) {
    return this.#send('POST', '/services', service);
  }

  registerServices(items) {
    return this.#send('POST', '/services/bulk', { items });
  }

  services(filters = {}) {
    return this.#send('GET', `/services?${new URLSearchParams(filters)}`);
  }

  service(id) {
    return this.#send('GET', path`/services/${id}`);
  }

  deleteService(id) {
    return this.#send('DELETE', path`/services/${id}`);
  }

  changePrice(id, priceStroops) {
    return this.#send('PATCH', path`/services/${id}/price`, { priceStroops });
  }

  changeDisabled(id, disabled) {
    return this.#send('PATCH', path`/services/${id}/disabled`, { disabled });
  }

  enable(id) {
    return this.#send('POST', path`/services/${id}/enable`);
  }

  disable(id) {
    return this.#send('POST', path`/services/${id}/disable`);
  }

  describe(id, description, owner) {
    return this.#send('PUT', path`/services/${id}/metadata`, { description, owner });
  }

  metadata(id) {
    return this.#send('GET', path`/services/${id}/metadata`);
  }

  record(agent, serviceId, requests) {
    return this.#send('POST', '/usage', { agent, serviceId, requests });
  }

  recordBulk(items, more = {}) {
    return this.#send('POST', '/usage/bulk', { items, ...more });
  }

  usage(agent, serviceId) {
    return this.#send('GET', path`/usage/${agent}/${serviceId}`);
  }

  reset(agent, serviceId) {
    return this.#send('DELETE', path`/usage/${agent}/${serviceId}`);
  }

  agents(page = {}) {
    return this.#send('GET', `/agents?${new URLSearchParams(page)}`);
  }

  agentTotal(agent) {
    return this.#send('GET', path`/agents/${agent}/total`);
  }

  agentUsage(agent, page = {}) {
    return this.#send('GET', `${path`/agents/${agent}/usage`}?${new URLSearchParams(page)}`);
  }

  serviceUsage(id) {
    return this.#send('GET', path`/services/${id}/usage`);
  }

  serviceAgents(id) {
    return this.#send('GET', path`/services/${id}/agents`);
  }

  topAgents(id, limit) {
    return this.#send('GET', `${path`/services/${id}/agents/top`}?limit=${limit}`);
  }

  bill(agent, serviceId) {
    return this.#send('GET', path`/billing/${agent}/${serviceId}`);
  }

  billingTotal() {
    return this.#send('GET', '/billing/total');
  }

  settle(agent, serviceId) {
    return this.#send('POST', '/settle', { agent, serviceId });
  }

  settleAll(agent) {
    return this.#send('POST', '/settle/bulk', { agent });
  }

  exportJson() {
    return this.#send('GET', '/usage/export.json');
  }

  exportCsv() {
    return this.#send('GET', '/usage/export.csv');
  }

  events(filters = {}) {
    return this.#send('GET', `/events?${new URLSearchParams(filters)}`);
  }

  eventSummary() {
    return this.#send('GET', '/events/summary');
  }

  stats(page = {}) {
    return this.#send('GET', `/stats?${new URLSearchParams(page)}`);
  }

  metrics() {
    return this.#send('GET', '/metrics');
  }

  health() {
    return this.#send('GET', '/health');
  }

  /** Sends a CloudEvent: usage under any name and of any amount. */
  sendEvent(event) {
    return this.#send('POST', '/events', event, 'application/cloudevents+json');
  }

  /**
   * Sends a request and reads its answer: its status, headers, text, and the value of a text in JSON.
   *
   * @throws ApiError where the answer is a problem
   */
  async #send(method, pathAndQuery, body, contentType = 'application/json') {
    const response = await fetch(this.#base + pathAndQuery, {
      method,
      headers: body === undefined ? {} : { 'Content-Type': contentType },
      body: body === undefined ? undefined : JSON.stringify(body),
      signal: AbortSignal.timeout(this.#timeoutMillis),
    });
    const text = await response.text();
    const type = response.headers.get('Content-Type') ?? '';
    const value = /^application\/([a-z]+\+)?json$/.test(type) ? JSON.parse(text) : undefined;
    if (!response.ok) {
      throw new ApiError(response.status, value ?? { error: type, message: text });
    }
    return { status: response.status, headers: response.headers, text, value };
  }
}

/** A path whose values are percent-encoded. */
function path(literals, ...values) {
  return String.raw({ raw: literals }, ...values.map(encodeURIComponent));
}
