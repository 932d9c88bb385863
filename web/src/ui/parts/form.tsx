/**
 * Forms that lose nothing: the inputs keep what was typed (they are the browser's own, so password managers fill
 * them), what is wrong stands beside its field, the first wrong field gets the focus, and a form that is under way
 * cannot be sent twice.
 *
 *   const form = useForm({ send: async (values) => faultOf(await api.post(…, { email: values.text('email') })) });
 *   <Form form={form}> <Problem form={form} /> <Field name="email" …/> <Submit form={form}>Send</Submit> </Form>
 */
import { type ComponentChildren, createContext, type RefObject } from 'preact';
import { useContext, useId, useState } from 'preact/hooks';
import { Icon } from '../icons';
import { formText } from '../text-forms';
import type { FormState } from './use-form';

export { type FieldErrors, type FormOptions, type FormState, FormValues, useForm } from './use-form';

const FormContext = createContext<FormState | null>(null);

export function Form({
  form,
  testid,
  children,
}: {
  form: FormState;
  testid?: string | undefined;
  children: ComponentChildren;
}) {
  return (
    <FormContext.Provider value={form}>
      <form
        ref={form.element as RefObject<HTMLFormElement>}
        class="form"
        data-testid={testid}
        aria-busy={form.busy}
        onSubmit={form.submit}
        noValidate
      >
        {children}
      </form>
    </FormContext.Provider>
  );
}

/** What an input may be told; the rest is Field's. */
interface InputProps {
  readonly type?: 'text' | 'email' | 'password' | 'url' | 'search' | 'number';
  readonly autocomplete?: string;
  readonly autocapitalize?: 'none' | 'words' | 'characters';
  readonly inputMode?: 'text' | 'numeric' | 'email' | 'url';
  readonly enterKeyHint?: 'go' | 'next' | 'done' | 'send' | 'search';
  readonly spellcheck?: boolean;
  readonly required?: boolean;
  readonly readOnly?: boolean;
  readonly maxLength?: number;
  readonly placeholder?: string;
  readonly defaultValue?: string;
}

export interface FieldProps extends InputProps {
  readonly name: string;
  readonly label: string;
  readonly hint?: string;
  readonly testid?: string | undefined;
  readonly onInput?: (value: string) => void;
  /** Beside the label: a link, for example. */
  readonly aside?: ComponentChildren;
  /** Inside the input, at its end. */
  readonly inside?: ComponentChildren;
}

/** An input with its label above it, and below it a hint or what is wrong. */
export function Field({
  name,
  label,
  hint,
  testid,
  type = 'text',
  onInput,
  aside,
  inside,
  ...input
}: FieldProps) {
  const form = useContext(FormContext);
  const id = useId();
  const error = form?.errors[name];
  const note = error ?? hint;
  return (
    <div class="form-field">
      <div class="form-label">
        <label class="label" for={id}>
          {label}
        </label>
        {aside}
      </div>
      <div class={inside ? 'form-input form-input-inside' : 'form-input'}>
        <input
          {...input}
          // Preact's types want to know which one it is; all of ours take the same attributes.
          type={type as 'text'}
          id={id}
          name={name}
          class="field"
          data-testid={testid}
          aria-invalid={error !== undefined}
          aria-describedby={`${id}-note`}
          onInput={(e) => {
            form?.clear(name);
            onInput?.(e.currentTarget.value);
          }}
        />
        {inside}
      </div>
      <p
        id={`${id}-note`}
        class={error === undefined ? 'field-note' : 'field-error'}
        data-testid={testid && `${testid}-note`}
        aria-live="polite"
      >
        {error !== undefined && <Icon name="warn" size={16} />}
        {note}
      </p>
    </div>
  );
}

/** A password, with a button that shows it. @autocomplete current-password or new-password. */
export function PasswordField(props: FieldProps) {
  const [shown, setShown] = useState(false);
  return (
    <Field
      autocapitalize="none"
      spellcheck={false}
      maxLength={1024}
      {...props}
      type={shown ? 'text' : 'password'}
      inside={
        <button
          type="button"
          class="form-reveal"
          data-testid={props.testid && `${props.testid}-show`}
          aria-pressed={shown}
          aria-label={shown ? formText.hidePassword : formText.showPassword}
          onClick={() => setShown(!shown)}
        >
          {shown ? formText.hide : formText.show}
        </button>
      }
    />
  );
}

export function Submit({
  form,
  testid,
  kind = 'button-main',
  busyText,
  children,
}: {
  form: FormState;
  testid?: string;
  kind?: 'button-main' | 'button-danger' | '';
  busyText?: string;
  children: ComponentChildren;
}) {
  return (
    <button type="submit" class={`button ${kind}`} data-testid={testid} aria-disabled={form.busy}>
      {form.busy && <span class="spinner" aria-hidden="true" />}
      {form.busy && busyText ? busyText : children}
    </button>
  );
}

/** What is wrong with the whole form, above it. Always there, so that it is read out when it fills. */
export function Problem({
  form,
  children,
}: {
  form: Pick<FormState, 'problem'>;
  children?: ComponentChildren;
}) {
  return (
    <div role="alert" class="form-alert" data-testid="form-problem">
      {form.problem !== '' && (
        <p class="banner" data-kind="problem">
          <Icon name="warn" size={20} />
          <span>{form.problem}</span>
          {children}
        </p>
      )}
    </div>
  );
}

/** Something to know, good or neutral. */
export function Banner({
  kind,
  children,
}: {
  kind: 'info' | 'done' | 'problem';
  children: ComponentChildren;
}) {
  return (
    <div class="banner" data-kind={kind} role={kind === 'problem' ? 'alert' : 'status'}>
      <Icon name={kind === 'done' ? 'check' : kind === 'problem' ? 'warn' : 'info'} size={20} />
      <div>{children}</div>
    </div>
  );
}

/** Something is on its way: said, and seen after a moment. */
export function Loading() {
  return (
    <p class="loading" role="status">
      <span class="spinner" aria-hidden="true" />
      {formText.loading}
    </p>
  );
}
