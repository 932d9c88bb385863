/** The parts of the account page: sections, rows that open, lists that are loaded, and "are you sure". */
import type { ComponentChildren } from 'preact';
import { useCallback, useEffect, useId, useRef, useState } from 'preact/hooks';
import type { Answer, ApiFault } from '../../state/types';
import { useAppState } from '../context';
import { Icon, type IconName } from '../icons';
import { Banner, Loading, PasswordField } from '../parts/form';
import { accountText } from '../text-account';
import { faultText, formText } from '../text-forms';
import { profileText } from '../text-profile';

export function Section({
  id,
  title,
  lead,
  children,
}: {
  id: string;
  title: string;
  lead?: string;
  children: ComponentChildren;
}) {
  return (
    <section class="part" id={id} aria-labelledby={`${id}-title`} data-testid={`account-${id}`}>
      <h2 id={`${id}-title`} tabIndex={-1}>
        {title}
      </h2>
      {lead && <p class="part-lead">{lead}</p>}
      {children}
    </section>
  );
}

/**
 * One thing of the account, and the form that changes it, which opens below it. The focus goes into the form, and back
 * to the button when it closes.
 */
export function Row({
  title,
  value,
  label,
  kind = '',
  testid,
  children,
}: {
  title: string;
  value?: ComponentChildren;
  label: string;
  kind?: '' | 'button-warn';
  testid: string;
  children: (close: () => void) => ComponentChildren;
}) {
  const [open, setOpen] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  const box = useRef<HTMLDivElement>(null);
  const id = useId();
  useEffect(() => {
    if (open) box.current?.querySelector<HTMLElement>('input:not([hidden]), button')?.focus();
  }, [open]);
  const close = () => {
    setOpen(false);
    button.current?.focus();
  };
  return (
    <div class="row" data-open={open}>
      <div class="row-head">
        <div class="row-words">
          <p class="row-title">{title}</p>
          {value && <div class="row-value">{value}</div>}
        </div>
        <button
          ref={button}
          type="button"
          class={`button button-small ${open ? '' : kind}`}
          data-testid={testid}
          aria-expanded={open}
          aria-controls={id}
          aria-label={`${open ? profileText.cancel : label}: ${title}`}
          onClick={() => setOpen(!open)}
        >
          {open ? profileText.cancel : label}
        </button>
      </div>
      <div id={id} ref={box} class="row-form">
        {open && children(close)}
      </div>
    </div>
  );
}

/** For password managers: whose password is asked for. */
export function WhosePassword() {
  const { account } = useAppState();
  return <input hidden readOnly type="text" name="username" autocomplete="username" value={account?.email} />;
}

/** The password of the account, to be sure that it is they. */
export function OwnPassword({ testid }: { testid: string }) {
  return (
    <>
      <WhosePassword />
      <PasswordField
        name="password"
        label={profileText.confirmWith}
        hint={profileText.confirmHint}
        autocomplete="current-password"
        enterKeyHint="go"
        required
        testid={testid}
      />
    </>
  );
}

/** What the server says when the password of such a form is wrong. */
export const ownPasswordFaults = {
  words: { bad_credentials: accountText.badPassword },
  fieldOf: { bad_credentials: 'password', bad_password: 'password' },
} as const;

export type Loaded<T> =
  | { readonly state: 'loading' }
  | { readonly state: 'failed'; readonly fault: ApiFault }
  | { readonly state: 'there'; readonly value: T };

/** What a request answers. Asked anew, the old answer stays until the new one is there. */
export function useLoaded<T>(load: () => Promise<Answer<T>>): [Loaded<T>, () => Promise<void>] {
  const [loaded, setLoaded] = useState<Loaded<T>>({ state: 'loading' });
  const gone = useRef(false);
  const how = useRef(load);
  how.current = load;
  const reload = useCallback(async () => {
    const answer = await how.current();
    if (gone.current) return;
    setLoaded(answer.ok ? { state: 'there', value: answer.value } : { state: 'failed', fault: answer.fault });
  }, []);
  useEffect(() => {
    void reload();
    return () => {
      gone.current = true;
    };
  }, [reload]);
  return [loaded, reload];
}

/** A list that is loaded: while it comes, when it does not, when it is empty. */
export function LoadedList<T extends { readonly id: string }>({
  loaded,
  reload,
  none,
  testid,
  item,
}: {
  loaded: Loaded<readonly T[]>;
  reload: () => Promise<void>;
  none: string;
  testid: string;
  item: (one: T) => ComponentChildren;
}) {
  if (loaded.state === 'loading') return <Loading />;
  if (loaded.state === 'failed') {
    return (
      <Banner kind="problem">
        {faultText(loaded.fault)}{' '}
        <button type="button" class="link-button" onClick={() => void reload()}>
          {formText.tryAgain}
        </button>
      </Banner>
    );
  }
  if (loaded.value.length === 0) return <p class="part-none">{none}</p>;
  return (
    <ul class="list" data-testid={testid}>
      {loaded.value.map((one) => (
        <li key={one.id} class="list-item">
          {item(one)}
        </li>
      ))}
    </ul>
  );
}

/** What an entry of a list is: a picture, what it is called, and what else there is to know. */
export function Entry({
  icon,
  title,
  children,
}: {
  icon: IconName;
  title: ComponentChildren;
  children: ComponentChildren;
}) {
  return (
    <>
      <span class="list-icon">
        <Icon name={icon} size={22} />
      </span>
      <div class="list-words">
        <p class="list-title">{title}</p>
        <p class="list-note">{children}</p>
      </div>
    </>
  );
}

/** A button that does something at once, or asks first. What went wrong is told beside it. */
export function Act({
  label,
  name,
  sure,
  kind = '',
  testid,
  run,
}: {
  label: string;
  /** For those who do not see beside what the button stands. */
  name?: string;
  /** The question; without one it is done at once. */
  sure?: string;
  kind?: '' | 'button-plain' | 'button-warn';
  testid: string;
  run: () => Promise<ApiFault | undefined>;
}) {
  const [asking, setAsking] = useState(false);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState('');
  const no = useRef<HTMLButtonElement>(null);
  const question = useId();
  useEffect(() => {
    if (asking) no.current?.focus();
  }, [asking]);
  const go = async () => {
    if (busy) return;
    setBusy(true);
    setProblem('');
    const fault = await run();
    setBusy(false);
    setAsking(false);
    if (fault) setProblem(faultText(fault));
  };
  return (
    <div class="act">
      {asking ? (
        <div class="act-sure">
          <p id={question}>{sure}</p>
          <button
            type="button"
            class="button button-small button-danger"
            data-testid={`${testid}-yes`}
            aria-describedby={question}
            aria-disabled={busy}
            onClick={() => void go()}
          >
            {label}
          </button>
          <button
            ref={no}
            type="button"
            class="button button-small"
            aria-describedby={question}
            onClick={() => setAsking(false)}
          >
            {profileText.cancel}
          </button>
        </div>
      ) : (
        <button
          type="button"
          class={`button button-small ${kind}`}
          data-testid={testid}
          aria-label={name}
          aria-disabled={busy}
          onClick={() => (sure ? setAsking(true) : void go())}
        >
          {label}
        </button>
      )}
      <p role="alert" class="field-error act-problem">
        {problem}
      </p>
    </div>
  );
}

/** Dates as the person writes them; the browser's way where the account names no language it knows. */
export function useDates(): { day: (at: string) => string; time: (at: string) => string } {
  const language = useAppState().account?.language;
  const format = (style: Intl.DateTimeFormatOptions) => {
    try {
      return new Intl.DateTimeFormat(language || undefined, style);
    } catch {
      return new Intl.DateTimeFormat(undefined, style); // no language that this browser knows
    }
  };
  const day = format({ dateStyle: 'long' });
  const time = format({ dateStyle: 'medium', timeStyle: 'short' });
  return { day: (at) => day.format(new Date(at)), time: (at) => time.format(new Date(at)) };
}
