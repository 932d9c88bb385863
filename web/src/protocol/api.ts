/**
 * The HTTP API (docs/api.md): requests go out, answers are checked before anybody sees them, and whatever went wrong
 * becomes one kind of fault. How bytes travel is the business of an Exchange, so nothing here knows a browser.
 */
import { type Check, count, isRecord, list, object, text } from './check';

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

export interface Request {
  readonly method: Method;
  /** Under /api/v1, with its query. */
  readonly path: string;
  /** JSON. */
  readonly body?: string;
}

export interface Response {
  readonly status: number;
  readonly body: string;
  /** As in the header. */
  readonly retryAfter: string | null;
}

/** Rejects where no answer came; with an error called TimeoutError when it was waited for long enough. */
export type Exchange = (request: Request) => Promise<Response>;

export interface ApiFault {
  /** The server's word (docs/api.md), or one of ours: `network`, `timeout`, `bad_answer`. */
  readonly code: string;
  /** 0: there was no answer. */
  readonly status: number;
  /** A sentence of the server's, where it has one to add. */
  readonly detail?: string;
  /** What is wrong with a field, by its name: a sentence. */
  readonly fields: Readonly<Record<string, string>>;
  /** Seconds until it is worth another try. */
  readonly retryAfterS?: number;
}

export type Answer<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly fault: ApiFault };

const BASE = '/api/v1';
const MAX_RETRY_S = 24 * 3600;

const problemField = object({ field: text(64), reason: text(512) });
const problemFields = list(problemField, 32);
const shortText = text(1024);

/** For answers of which nothing is read. */
export const anything: Check<unknown> = (_): _ is unknown => true;

function parseJson(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined; // told to the caller as an answer of the wrong form
  }
}

function retrySeconds(header: string | null): number | undefined {
  const seconds = header !== null && /^\d{1,9}$/.test(header) ? Number(header) : Number.NaN;
  return count(seconds) ? Math.min(seconds, MAX_RETRY_S) : undefined;
}

function fieldReasons(errors: unknown): Record<string, string> {
  const reasons: Record<string, string> = Object.create(null);
  if (problemFields(errors)) for (const { field, reason } of errors) reasons[field] ??= reason;
  return reasons;
}

/** The fault that a refusal tells of; a proxy in between may have said it in another form. */
function faultOf({ status, body, retryAfter }: Response): ApiFault {
  const parsed = parseJson(body);
  const problem = isRecord(parsed) ? parsed : {};
  const retryAfterS = retrySeconds(retryAfter);
  const fallback = status === 429 ? 'too_many' : status >= 500 ? 'unavailable' : 'bad_answer';
  return {
    code: shortText(problem.code) ? problem.code : fallback,
    status,
    fields: fieldReasons(problem.errors),
    ...(shortText(problem.detail) ? { detail: problem.detail } : {}),
    ...(retryAfterS === undefined ? {} : { retryAfterS }),
  };
}

const ourFault = (code: string, status: number): ApiFault => ({ code, status, fields: {} });

export interface ApiEvents {
  /** For the console. */
  fault(why: string): void;
  /** A request was refused because nobody is signed in. */
  notSignedIn(): void;
}

export class Api {
  readonly #exchange: Exchange;
  readonly #events: ApiEvents;

  constructor(exchange: Exchange, events: ApiEvents) {
    this.#exchange = exchange;
    this.#events = events;
  }

  get<T>(path: string, check: Check<T>): Promise<Answer<T>> {
    return this.call('GET', path, undefined, check);
  }

  post<T>(path: string, body: object | undefined, check: Check<T>): Promise<Answer<T>> {
    return this.call('POST', path, body, check);
  }

  patch<T>(path: string, body: object, check: Check<T>): Promise<Answer<T>> {
    return this.call('PATCH', path, body, check);
  }

  delete(path: string, body?: object): Promise<Answer<unknown>> {
    return this.call('DELETE', path, body, anything);
  }

  /** Never rejects. @check the body of a success; an empty one is `{}`. Fields that are undefined are not sent. */
  async call<T>(method: Method, path: string, body: object | undefined, check: Check<T>): Promise<Answer<T>> {
    const request = { method, path: BASE + path };
    let response: Response;
    try {
      response = await this.#exchange(
        body === undefined ? request : { ...request, body: JSON.stringify(body) },
      );
    } catch (error) {
      this.#events.fault(`${method} ${path}: ${String(error)}`);
      const late = error instanceof Error && error.name === 'TimeoutError';
      return { ok: false, fault: ourFault(late ? 'timeout' : 'network', 0) };
    }
    if (response.status < 200 || response.status > 299) {
      const refused = faultOf(response);
      if (refused.code === 'not_signed_in') this.#events.notSignedIn();
      return { ok: false, fault: refused };
    }
    const value = response.body === '' ? {} : parseJson(response.body);
    if (check(value)) return { ok: true, value };
    this.#events.fault(`${method} ${path}: an answer of the wrong form`);
    return { ok: false, fault: ourFault('bad_answer', response.status) };
  }
}
