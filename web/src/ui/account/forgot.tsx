/** A forgotten password: asking for the link, and setting the new one. */
import { useState } from 'preact/hooks';
import { useAppState } from '../context';
import { Field, Form, PasswordField, Problem, Submit, useForm } from '../parts/form';
import { Link } from '../parts/link';
import { accountText } from '../text-account';
import { Card, checks, useAccounts, usePasswordMin } from './frame';
import { BadLink } from './mailed';
import { knownEmail } from './signin';

const toSignIn = (kind: string) => (
  <Link to="/signin" class={kind} testid="forgot-to-signin">
    {accountText.forgot.back}
  </Link>
);

export function Forgot() {
  const words = accountText.forgot;
  const accounts = useAccounts();
  const [sentTo, setSentTo] = useState('');
  const form = useForm({
    check: (values) => checks(values, { email: true }),
    send: async (values) => {
      const email = values.text('email');
      const fault = await accounts.forgot(email);
      if (fault) return fault;
      knownEmail.value = email;
      setSentTo(email);
      return undefined;
    },
  });
  if (sentTo !== '') {
    return (
      <Card
        title={words.sentTitle}
        icon="mail"
        testid="forgot-sent"
        lead={
          <>
            {words.sent} <bdi class="strong">{sentTo}</bdi>, {words.sentThen}
          </>
        }
        foot={<p>{accountText.sent.spam}</p>}
      >
        {toSignIn('button')}
      </Card>
    );
  }
  return (
    <Card title={words.title} lead={words.lead} testid="forgot" foot={toSignIn('link')}>
      <Form form={form} testid="forgot-form">
        <Problem form={form} />
        <Field
          name="email"
          label={accountText.email}
          type="email"
          autocomplete="username"
          autocapitalize="none"
          spellcheck={false}
          inputMode="email"
          enterKeyHint="send"
          maxLength={320}
          required
          defaultValue={knownEmail.value}
          testid="forgot-email"
        />
        <Submit form={form} testid="forgot-submit" busyText={words.busy}>
          {words.submit}
        </Submit>
      </Form>
    </Card>
  );
}

export function Reset() {
  const words = accountText.reset;
  const { token } = useAppState();
  const accounts = useAccounts();
  const min = usePasswordMin();
  const [state, setState] = useState<'open' | 'done' | 'bad'>('open');
  const form = useForm({
    check: (values) => checks(values, { newPassword: ['password', min] }),
    send: async (values) => {
      const fault = await accounts.reset(token, values.raw('password'));
      if (fault && fault.code !== 'token_invalid') return fault;
      setState(fault ? 'bad' : 'done');
      return undefined;
    },
  });
  if (token === '' || state === 'bad') {
    return (
      <BadLink incomplete={token === ''} testid="reset-bad">
        <Link to="/forgot" class="button button-main" testid="reset-forgot">
          {accountText.badLink.forgot}
        </Link>
      </BadLink>
    );
  }
  if (state === 'done') {
    return (
      <Card title={words.doneTitle} lead={words.done} icon="check" testid="reset-done">
        <Link to="/signin" class="button button-main" testid="reset-signin">
          {accountText.toSignIn}
        </Link>
      </Card>
    );
  }
  return (
    <Card title={words.title} lead={words.lead} testid="reset">
      <Form form={form} testid="reset-form">
        <Problem form={form} />
        <PasswordField
          name="password"
          label={accountText.newPassword}
          hint={accountText.passwordHint(min)}
          autocomplete="new-password"
          enterKeyHint="go"
          required
          testid="reset-password"
        />
        <Submit form={form} testid="reset-submit" busyText={words.busy}>
          {words.submit}
        </Submit>
      </Form>
    </Card>
  );
}
