/** The way of a form: checked, sent, and what came back put where it belongs. The inputs keep their own values. */
import type { RefObject } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { ApiFault } from '../../state/types';
import { faultText } from '../text-forms';

export type FieldErrors = Readonly<Record<string, string>>;

/** What stands in the form, by the names of its inputs. */
export class FormValues {
  readonly #data: FormData;

  constructor(form: HTMLFormElement) {
    this.#data = new FormData(form);
  }

  /** As typed. */
  raw(name: string): string {
    const value = this.#data.get(name);
    return typeof value === 'string' ? value : '';
  }

  text(name: string): string {
    return this.raw(name).trim();
  }

  /** A box is ticked. */
  on(name: string): boolean {
    return this.#data.has(name);
  }

  all(name: string): readonly string[] {
    return this.#data.getAll(name).filter((value) => typeof value === 'string');
  }
}

export interface FormOptions {
  /** undefined: it worked. Does not reject. */
  readonly send: (values: FormValues) => Promise<ApiFault | undefined>;
  /** Before anything is sent; an empty object where all is well. */
  readonly check?: (values: FormValues) => FieldErrors;
  /** Words for codes that mean something particular here. */
  readonly words?: Readonly<Record<string, string>>;
  /** Codes that are about a field: { bad_password: 'password' }. */
  readonly fieldOf?: Readonly<Record<string, string>>;
}

export interface FormState {
  readonly busy: boolean;
  readonly errors: FieldErrors;
  /** What is wrong with the whole of it, or ''. */
  readonly problem: string;
  readonly fault: ApiFault | undefined;
  readonly element: RefObject<HTMLFormElement | null>;
  submit(e: Event): void;
  clear(name: string): void;
}

interface Result {
  readonly errors: FieldErrors;
  readonly problem: string;
  readonly fault: ApiFault | undefined;
}

const FINE: Result = { errors: {}, problem: '', fault: undefined };

function resultOf(fault: ApiFault, form: HTMLFormElement, options: FormOptions): Result {
  const { fieldOf = {} } = options;
  const field = Object.hasOwn(fieldOf, fault.code) ? fieldOf[fault.code] : undefined;
  if (field) return { errors: { [field]: faultText(fault, options.words) }, problem: '', fault };
  // Errors of fields that this form does not have would be seen nowhere.
  const own = Object.entries(fault.fields).filter(([name]) => form.elements.namedItem(name) !== null);
  if (own.length > 0) return { errors: Object.fromEntries(own), problem: '', fault };
  const [elsewhere] = Object.values(fault.fields);
  return { errors: {}, problem: elsewhere ?? faultText(fault, options.words), fault };
}

export function useForm(options: FormOptions): FormState {
  const element = useRef<HTMLFormElement>(null);
  const under = useRef(false);
  const [busy, setBusy] = useState(false);
  const [result, setResult] = useState<Result>(FINE);
  /** Counts what went wrong: each time anew the focus goes to the first wrong field, and only then. */
  const [failures, setFailures] = useState(0);

  useEffect(() => {
    if (failures > 0) element.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus();
  }, [failures]);

  const fail = (failed: Result) => {
    setResult(failed);
    setFailures((n) => n + 1);
  };

  const run = async (form: HTMLFormElement) => {
    const values = new FormValues(form);
    const errors = options.check?.(values) ?? {};
    if (Object.keys(errors).length > 0) return fail({ ...FINE, errors });
    under.current = true;
    setBusy(true);
    setResult(FINE);
    const fault = await options.send(values);
    under.current = false;
    setBusy(false);
    if (fault) fail(resultOf(fault, form, options));
  };
  return {
    busy,
    ...result,
    element,
    submit(e) {
      e.preventDefault();
      if (!under.current && element.current) void run(element.current);
    },
    clear(name) {
      if (!(name in result.errors)) return;
      const { [name]: _, ...errors } = result.errors;
      setResult({ ...result, errors });
    },
  };
}
