/** Making an account: openly, by invitation, or as the first of a new service. */
import { useEffect, useState } from 'preact/hooks';
import type { SignUp as SignUpFields } from '../../state/accounts';
import { useActions, useAppState } from '../context';
import { Field, Form, type FormState, PasswordField, Problem, Submit, useForm } from '../parts/form';
import { Link } from '../parts/link';
import { accountText } from '../text-account';
import { Card, checks, useAccounts, usePasswordMin } from './frame';
import { BadLink } from './mailed';
import { knownEmail } from './signin';

const words = accountText.signup;

/** The fields of everybody who makes an account. */
function Fields({ form, submit, busy }: { form: FormState; submit: string; busy: string }) {
  const min = usePasswordMin();
  return (
    <Form form={form} testid="signup-form">
      <Problem form={form} />
      <Field
        name="name"
        label={accountText.name}
        hint={accountText.nameHint}
        autocomplete="name"
        autocapitalize="words"
        spellcheck={false}
        maxLength={160}
        required
        testid="signup-name"
      />
      <Field
        name="email"
        label={accountText.email}
        type="email"
        autocomplete="username"
        autocapitalize="none"
        spellcheck={false}
        inputMode="email"
        maxLength={320}
        required
        testid="signup-email"
      />
      <PasswordField
        name="password"
        label={accountText.password}
        hint={accountText.passwordHint(min)}
        autocomplete="new-password"
        enterKeyHint="go"
        required
        testid="signup-password"
      />
      <Submit form={form} testid="signup-submit" busyText={busy}>
        {submit}
      </Submit>
    </Form>
  );
}

function useSignUpForm(
  send: (fields: SignUpFields) => ReturnType<Parameters<typeof useForm>[0]['send']>,
): FormState {
  const min = usePasswordMin();
  return useForm({
    words: {
      signup_closed: words.closedNow,
      invite_needed: words.inviteNeeded,
      token_invalid: words.invalid,
    },
    check: (values) => checks(values, { name: true, email: true, newPassword: ['password', min] }),
    send: (values) =>
      send({ name: values.text('name'), email: values.text('email'), password: values.raw('password') }),
  });
}

const signInLine = (
  <p>
    {words.have}{' '}
    <Link to="/signin" testid="signup-to-signin">
      {accountText.toSignIn}
    </Link>
  </p>
);

/** There is a mail to wait for. */
function Sent({ email, onAgain }: { email: string; onAgain: () => void }) {
  return (
    <Card
      title={accountText.sent.title}
      icon="mail"
      testid="signup-sent"
      lead={
        <>
          {accountText.sent.body} <bdi class="strong">{email}</bdi>. {accountText.sent.next}
        </>
      }
      foot={<p>{accountText.sent.spam}</p>}
    >
      <button type="button" class="button" data-testid="signup-again" onClick={onAgain}>
        {accountText.sent.again}
      </button>
    </Card>
  );
}

/** The browser's, where the server takes it; the person can choose later. */
const language = (): { language?: string } =>
  /^[a-z]{2,3}(-[a-z0-9]{1,8}){0,2}$/i.test(navigator.language) && navigator.language.length <= 16
    ? { language: navigator.language }
    : {};

/** Hidden and not gone while the mail is waited for: going back finds everything as it was typed. */
function OpenForm({ invite, title, lead }: { invite?: string; title: string; lead: string }) {
  const accounts = useAccounts();
  const [sentTo, setSentTo] = useState('');
  const form = useSignUpForm(async (fields) => {
    const fault = await accounts.signUp(fields, {
      ...language(),
      ...(invite === undefined ? {} : { invite }),
    });
    if (fault) return fault;
    knownEmail.value = fields.email;
    setSentTo(fields.email);
    return undefined;
  });
  const [back, setBack] = useState(0);
  useEffect(() => {
    if (back > 0) form.element.current?.querySelector<HTMLElement>('[name="email"]')?.focus();
  }, [back, form.element]);
  const again = () => {
    setSentTo('');
    setBack(back + 1);
  };
  return (
    <>
      {sentTo !== '' && <Sent email={sentTo} onAgain={again} />}
      <div hidden={sentTo !== ''}>
        <Card title={title} lead={lead} testid="signup" foot={signInLine}>
          <Fields form={form} submit={words.submit} busy={words.busy} />
        </Card>
      </div>
    </>
  );
}

export function SignUp() {
  const { service } = useAppState();
  const mode = service?.accounts.signup ?? 'open';
  if (mode === 'open') return <OpenForm title={words.title} lead={words.lead} />;
  const closed = mode === 'closed';
  return (
    <Card
      title={closed ? words.closedTitle : words.inviteTitle}
      lead={closed ? words.closed : words.inviteOnly}
      icon="door"
      testid="signup-closed"
      foot={signInLine}
    >
      <Link to="/" class="button" testid="signup-home">
        {accountText.toHome}
      </Link>
    </Card>
  );
}

export function Invite() {
  const { token } = useAppState();
  if (token === '') return <BadLink incomplete testid="invite-bad" />;
  return <OpenForm invite={token} title={words.invitedTitle} lead={words.invitedLead} />;
}

export function SetUp() {
  const { token } = useAppState();
  const actions = useActions();
  const accounts = useAccounts();
  const form = useSignUpForm(async (fields) => {
    const answer = await accounts.setUp(token, fields);
    if (!answer.ok && answer.fault.code === 'token_invalid')
      return { ...answer.fault, code: 'setup_invalid', detail: accountText.setup.invalid };
    if (!answer.ok) return answer.fault;
    actions.signedIn(answer.value);
    return undefined;
  });
  if (token === '') return <BadLink incomplete testid="setup-bad" />;
  return (
    <Card title={accountText.setup.title} lead={accountText.setup.lead} testid="setup">
      <Fields form={form} submit={accountText.setup.submit} busy={accountText.setup.busy} />
    </Card>
  );
}
