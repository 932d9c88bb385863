/** Name, language, address and password. */
import { useId, useState } from 'preact/hooks';
import type { Account } from '../../state/types';
import { useActions } from '../context';
import { Banner, Field, Form, PasswordField, Problem, Submit, useForm } from '../parts/form';
import { accountText } from '../text-account';
import { profileText } from '../text-profile';
import { checks, useAccounts, usePasswordMin } from './frame';
import { OwnPassword, ownPasswordFaults, Row, Section, useDates, WhosePassword } from './section';

const LANGUAGES = [
  'en-GB',
  'en-US',
  'cs',
  'da',
  'de',
  'es',
  'fi',
  'fr',
  'it',
  'ja',
  'nb',
  'nl',
  'pl',
  'pt-BR',
  'pt-PT',
  'sv',
  'tr',
  'uk',
];

/** A language in its own words. */
function languageName(tag: string): string {
  try {
    return new Intl.DisplayNames([tag], { type: 'language' }).of(tag) ?? tag;
  } catch {
    return tag; // not one that this browser has words for
  }
}

function LanguageSelect({ language }: { language: string }) {
  const id = useId();
  const words = profileText.profile;
  const known = language === '' || LANGUAGES.includes(language) ? LANGUAGES : [language, ...LANGUAGES];
  return (
    <div class="form-field">
      <div class="form-label">
        <label class="label" for={id}>
          {words.language}
        </label>
      </div>
      <select
        id={id}
        name="language"
        class="field"
        data-testid="profile-language"
        aria-describedby={`${id}-note`}
      >
        <option value="" selected={language === ''}>
          {words.automatic}
        </option>
        {known.map((tag) => (
          <option key={tag} value={tag} selected={tag === language} lang={tag}>
            {languageName(tag)}
          </option>
        ))}
      </select>
      <p id={`${id}-note`} class="field-note">
        {words.languageHint}
      </p>
    </div>
  );
}

export function Profile({ account }: { account: Account }) {
  const words = profileText.profile;
  const actions = useActions();
  const accounts = useAccounts();
  const dates = useDates();
  const form = useForm({
    check: (values) => checks(values, { name: true }),
    send: async (values) => {
      const answer = await accounts.update({ name: values.text('name'), language: values.raw('language') });
      if (!answer.ok) return answer.fault;
      actions.accountChanged(answer.value);
      actions.say(profileText.saved);
      return undefined;
    },
  });
  return (
    <Section id="profile" title={words.title}>
      <Form form={form} testid="profile-form">
        <Problem form={form} />
        <Field
          name="name"
          label={words.name}
          hint={accountText.nameHint}
          autocomplete="name"
          autocapitalize="words"
          spellcheck={false}
          maxLength={160}
          required
          defaultValue={account.name}
          testid="profile-name"
        />
        <LanguageSelect language={account.language} />
        <Submit form={form} testid="profile-save" busyText={words.saving}>
          {words.save}
        </Submit>
      </Form>
      <p class="part-note">
        {account.role === 'admin' && <span class="tag">{words.admin}</span>}{' '}
        {words.since(dates.day(account.created))}
      </p>
    </Section>
  );
}

function EmailForm({ onSent }: { onSent: (email: string) => void }) {
  const words = profileText.signin;
  const accounts = useAccounts();
  const form = useForm({
    ...ownPasswordFaults,
    check: (values) => checks(values, { email: true, password: 'password' }),
    send: async (values) => {
      const email = values.text('email');
      const fault = await accounts.setEmail(email, values.raw('password'));
      if (!fault) onSent(email);
      return fault;
    },
  });
  return (
    <Form form={form} testid="email-form">
      <Problem form={form} />
      <Field
        name="email"
        label={words.newEmail}
        hint={words.newEmailHint}
        type="email"
        autocomplete="email"
        autocapitalize="none"
        spellcheck={false}
        inputMode="email"
        maxLength={320}
        required
        testid="email-new"
      />
      <OwnPassword testid="email-password" />
      <Submit form={form} testid="email-submit" busyText={words.sending}>
        {words.sendLink}
      </Submit>
    </Form>
  );
}

function PasswordForm({ onDone }: { onDone: () => void }) {
  const words = profileText.signin;
  const accounts = useAccounts();
  const min = usePasswordMin();
  const form = useForm({
    words: { bad_credentials: accountText.badPassword },
    fieldOf: { bad_credentials: 'old', bad_password: 'old' },
    check: (values) => checks(values, { password: 'old', newPassword: ['new', min] }),
    send: async (values) => {
      const fault = await accounts.setPassword(values.raw('old'), values.raw('new'));
      if (!fault) onDone();
      // What the server calls `password` is the new one: the old one is right or wrong, and has no form.
      const { password } = fault?.fields ?? {};
      return fault && password ? { ...fault, fields: { new: password } } : fault;
    },
  });
  return (
    <Form form={form} testid="password-form">
      <Problem form={form} />
      <WhosePassword />
      <PasswordField
        name="old"
        label={words.oldPassword}
        autocomplete="current-password"
        required
        testid="password-old"
      />
      <PasswordField
        name="new"
        label={accountText.newPassword}
        hint={accountText.passwordHint(min)}
        autocomplete="new-password"
        required
        testid="password-new"
      />
      <p class="field-note">{words.passwordNote}</p>
      <Submit form={form} testid="password-submit" busyText={words.changing}>
        {words.changePassword}
      </Submit>
    </Form>
  );
}

export function SigningIn({ account, onSessions }: { account: Account; onSessions: () => void }) {
  const words = profileText.signin;
  const actions = useActions();
  const [sentTo, setSentTo] = useState('');
  return (
    <Section id="signing-in" title={words.title}>
      <Row
        title={words.email}
        value={<bdi>{account.email}</bdi>}
        label={profileText.change}
        testid="account-email"
      >
        {(close) => (
          <EmailForm
            onSent={(email) => {
              close();
              setSentTo(email);
            }}
          />
        )}
      </Row>
      {sentTo !== '' && <Banner kind="done">{words.emailSent(sentTo)}</Banner>}
      <Row title={words.password} value="••••••••••" label={profileText.change} testid="account-password">
        {(close) => (
          <PasswordForm
            onDone={() => {
              close();
              onSessions();
              actions.say(words.passwordChanged);
            }}
          />
        )}
      </Row>
    </Section>
  );
}
