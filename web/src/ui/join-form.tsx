/** The name, the password where the door asks for one, and in. */
import { useEffect, useId, useRef, useState } from 'preact/hooks';
import { useActions, useAppState } from './context';
import { Icon } from './icons';
import { text } from './text';
import { faultText } from './text-forms';
import { roomText } from './text-room';

/** Not the person's own password: their browser is not to offer or keep one. */
function DoorPassword({
  value,
  missing,
  onInput,
}: {
  value: string;
  missing: boolean;
  onInput: (v: string) => void;
}) {
  const { door } = useAppState();
  const { fault } = door;
  const input = useRef<HTMLInputElement>(null);
  const field = useId();
  const note = useId();
  const words = roomText.door;
  useEffect(() => {
    input.current?.focus();
    if (fault) input.current?.select();
  }, [fault]);
  const error = missing ? words.passwordMissing : fault && faultText(fault, words.faults);
  return (
    <div class="join-password">
      <label class="label" for={field}>
        {words.password}
      </label>
      <input
        ref={input}
        id={field}
        class="field"
        data-testid="prejoin-password"
        type="password"
        name="room-password"
        autocomplete="off"
        autocapitalize="none"
        spellcheck={false}
        enterKeyHint="go"
        required
        maxLength={256}
        value={value}
        aria-invalid={error !== undefined}
        aria-describedby={note}
        onInput={(e) => onInput(e.currentTarget.value)}
      />
      <p
        id={note}
        class={error === undefined ? 'field-note' : 'field-error'}
        aria-live="polite"
        data-testid="prejoin-password-note"
      >
        {error ?? words.passwordHint}
      </p>
    </div>
  );
}

export function JoinForm() {
  const { name, nameError, joining, door } = useAppState();
  const actions = useActions();
  const [typed, setTyped] = useState<string>(); // the state's name until then: the account may bring one
  const [password, setPassword] = useState('');
  const [missing, setMissing] = useState(false);
  const draft = typed ?? name;
  const asks = door.state === 'password';
  const field = useId();
  const note = useId();
  useEffect(() => {
    if (nameError !== undefined) document.getElementById(field)?.focus();
  }, [nameError, field]);
  const input = (value: string) => {
    setTyped(value);
    actions.setName(value);
  };
  const submit = (e: Event) => {
    e.preventDefault();
    if (joining) return;
    actions.setName(draft); // a field filled in by the browser may not have said so
    setMissing(asks && password === '');
    if (!asks || password !== '') actions.join(asks ? password : undefined);
  };
  return (
    <form class="join-form" onSubmit={submit} noValidate>
      <label class="label" for={field}>
        {text.prejoin.name}
      </label>
      <input
        id={field}
        class="field"
        data-testid="prejoin-name"
        type="text"
        name="name"
        autocomplete="name"
        autocapitalize="words"
        spellcheck={false}
        enterKeyHint="go"
        required
        maxLength={160}
        value={draft}
        aria-invalid={nameError !== undefined}
        aria-describedby={note}
        onInput={(e) => input(e.currentTarget.value)}
      />
      <p id={note} class={nameError === undefined ? 'field-note' : 'field-error'} aria-live="polite">
        {nameError ?? text.prejoin.nameHint}
      </p>
      {asks && (
        <DoorPassword
          value={password}
          missing={missing}
          onInput={(value) => {
            setMissing(false);
            setPassword(value);
          }}
        />
      )}
      <button
        type="submit"
        class="button button-main button-large"
        data-testid="prejoin-join"
        aria-disabled={joining}
      >
        {joining ? text.prejoin.joining : text.prejoin.join}
        {!joining && <Icon name="arrow" />}
      </button>
    </form>
  );
}
