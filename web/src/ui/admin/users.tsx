/** The people of the service: found, invited, and each one's account. */
import { useEffect, useId, useRef, useState } from 'preact/hooks';
import type { Role } from '../../state/administration';
import { useActions } from '../context';
import { Icon } from '../icons';
import { Field, Form, Loading, Problem, Submit, useForm } from '../parts/form';
import { adminText } from '../text-admin';
import { Failed, More, useAdmin } from './frame';
import { usePages } from './use-pages';
import { User } from './user';

const words = adminText.users;
const TYPING_MS = 250;

/** What was typed last, once the typing has paused. */
function useSettled(value: string): string {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), TYPING_MS);
    return () => clearTimeout(timer);
  }, [value]);
  return settled;
}

function Invite({ onDone }: { onDone: () => void }) {
  const admin = useAdmin();
  const actions = useActions();
  const box = useRef<HTMLDivElement>(null);
  const role = useId();
  useEffect(() => box.current?.querySelector<HTMLElement>('input')?.focus(), []);
  const form = useForm({
    words: { exists: adminText.invite.known, email_known: adminText.invite.known },
    fieldOf: { exists: 'email', email_known: 'email' },
    check: (values): Record<string, string> =>
      values.text('email') === '' ? { email: adminText.invite.emailMissing } : {},
    send: async (values) => {
      const as: Role = values.raw('role') === 'admin' ? 'admin' : 'member';
      const fault = await admin.invite(values.text('email'), as);
      if (fault) return fault;
      actions.say(adminText.invite.sent(values.text('email')));
      onDone();
      return undefined;
    },
  });
  return (
    <div class="invite-form" ref={box}>
      <Form form={form} testid="invite-form">
        <h3>{adminText.invite.title}</h3>
        <Problem form={form} />
        <Field
          name="email"
          type="email"
          label={adminText.invite.email}
          hint={adminText.invite.emailHint}
          autocomplete="off"
          autocapitalize="none"
          spellcheck={false}
          maxLength={320}
          required
          testid="invite-email"
        />
        <div class="form-field">
          <div class="form-label">
            <label class="label" for={role}>
              {adminText.invite.role}
            </label>
          </div>
          <select id={role} name="role" class="field" data-testid="invite-role">
            <option value="member">{adminText.invite.roles.member}</option>
            <option value="admin">{adminText.invite.roles.admin}</option>
          </select>
        </div>
        <div class="form-buttons">
          <Submit form={form} testid="invite-submit" busyText={adminText.invite.sending}>
            {adminText.invite.send}
          </Submit>
          <button type="button" class="button button-plain" data-testid="invite-cancel" onClick={onDone}>
            {adminText.cancel}
          </button>
        </div>
      </Form>
    </div>
  );
}

function Found({ text }: { text: string }) {
  const admin = useAdmin();
  const pages = usePages((after) => admin.users(text, after), text);
  const { items, more, busy, fault } = pages;
  const heading = useRef<HTMLParagraphElement>(null);
  if (fault && items === undefined) return <Failed fault={fault} again={pages.reload} />;
  if (items === undefined) return <Loading />;
  const none = text === '' ? words.none : words.noneFound(text);
  return (
    <>
      <p ref={heading} class="part-note" role="status" tabIndex={-1} data-testid="users-count">
        {items.length === 0 && !more ? none : words.found(items.length, more)}
      </p>
      {fault && <Failed fault={fault} again={pages.next} />}
      <ul class="list" data-testid="users" aria-busy={busy}>
        {items.map((user) => (
          <User
            key={user.id}
            user={user}
            admin={admin}
            onChange={(now) => {
              pages.put(user.id, now);
              if (now === undefined) heading.current?.focus();
            }}
          />
        ))}
      </ul>
      {more && <More busy={busy} onMore={pages.next} testid="users-more" />}
    </>
  );
}

export function Users() {
  const [typed, setTyped] = useState('');
  const [inviting, setInviting] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  const text = useSettled(typed.trim());
  const field = useId();
  const close = () => {
    setInviting(false);
    button.current?.focus();
  };
  return (
    <section class="part" aria-label={adminText.tabs.users}>
      <div class="users-head">
        <div class="users-search">
          <label class="visually-hidden" for={field}>
            {words.search}
          </label>
          <Icon name="search" size={20} />
          <input
            id={field}
            class="field"
            type="search"
            data-testid="users-search"
            autocomplete="off"
            autocapitalize="none"
            spellcheck={false}
            maxLength={320}
            placeholder={words.searchHint}
            value={typed}
            onInput={(e) => setTyped(e.currentTarget.value)}
          />
        </div>
        <button
          ref={button}
          type="button"
          class="button"
          data-testid="invite-open"
          aria-expanded={inviting}
          onClick={() => setInviting(!inviting)}
        >
          <Icon name="mail" size={20} />
          {adminText.invite.open}
        </button>
      </div>
      {inviting && <Invite onDone={close} />}
      <Found text={text} />
    </section>
  );
}
