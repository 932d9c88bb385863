/*
 * The letters in English. Pure data.
 *
 * A letter to an address that nobody has confirmed yet shows nothing that whoever typed it in could choose
 * (the name least of all): a sign-up form must not be a way to send one's own words to strangers.
 */
#include "mail/letter.h"

#define VALID  "?The link is good for {valid} and works once."
#define IGNORE "If it was not you, ignore this mail: nothing happens without the link."

static const struct letter_text texts[] = {
	{
		.template = "signup",
		.subject = "Confirm your address",
		.stranger = true,
		.heading = "One step left",
		.before = {"Somebody, presumably you, signed up at {site} with this address. Confirm it, and "
			   "your "
			   "account is ready."},
		.button = "Confirm address",
		.target = "{link}",
		.after = {VALID, IGNORE},
	},
	{
		.template = "signup_known",
		.subject = "You have an account already",
		.heading = "You have an account already",
		.before =
			{"Somebody, presumably you, tried to sign up at {site} with this address. It has an "
			 "account there already, and nothing was changed.",
			 "If you have forgotten the password, you can ask for a new one where you sign in."},
		.button = "Sign in",
		.target = "{home}/signin",
		.after = {"If it was not you, there is nothing you need to do."},
	},
	{
		.template = "reset",
		.subject = "Choose a new password",
		.heading = "Choose a new password",
		.before = {"Somebody, presumably you, asked for a new password for your account at {site}."},
		.button = "Choose a password",
		.target = "{link}",
		.after = {VALID, "Once the new password is set, you are signed out everywhere.",
			  "If it was not you, ignore this mail: your password stays as it is."},
	},
	{
		.template = "password_changed",
		.subject = "Your password was changed",
		.heading = "Your password was changed",
		.before = {"The password of your account at {site} was changed, and your other devices were "
			   "signed "
			   "out."},
		.after = {"If it was not you, ask for a new one at once, {home}/forgot, and tell whoever "
			  "runs {site}."},
	},
	{
		.template = "email",
		.subject = "Confirm your new address",
		.stranger = true,
		.heading = "Confirm your new address",
		.before = {"An account at {site} is to have this address from now on. Confirm that it is "
			   "yours."},
		.button = "Confirm address",
		.target = "{link}",
		.after = {VALID, IGNORE},
	},
	{
		.template = "email_known",
		.subject = "Your address is in use already",
		.heading = "Your address is in use already",
		.before = {"Somebody, presumably you, wanted to give this address to another account at "
			   "{site}. It "
			   "has an account there already, and nothing was changed."},
		.after = {"If it was not you, there is nothing you need to do."},
	},
	{
		.template = "email_announce",
		.subject = "Your account is to get a new address",
		.heading = "A new address was asked for",
		.before = {"Your account at {site} is to get another address: {email}. It changes when that "
			   "address "
			   "is confirmed."},
		.after = {"If it was not you, change your password now: {home}"},
	},
	{
		.template = "email_changed",
		.subject = "Your address was changed",
		.heading = "Your address was changed",
		.before = {"Your account at {site} now has the address {email}. This one is no longer used."},
		.after = {"If it was not you, tell whoever runs {site} at once."},
	},
	{
		.template = "invite",
		.subject = "{inviter} invites you to {site}",
		.heading = "You are invited",
		.before = {"{inviter} invites you to {site}, for video calls that stay between those who are "
			   "in "
			   "them."},
		.button = "Accept the invitation",
		.target = "{link}",
		.after = {VALID, "If you do not know who that is, ignore this mail."},
	},
	{
		.template = "deleted",
		.subject = "Your account was deleted",
		.heading = "Goodbye",
		.before = {"Your account at {site} was deleted, with everything that belonged to it."},
		.after = {"If it was not you, tell whoever runs {site}."},
	},
	{
		.template = "role_changed",
		.subject = "Your role was changed",
		.heading = "Your role was changed",
		.before = {"Whoever runs {site} changed the role of your account.", "?You are now: {role}.",
			   "You have been signed out everywhere. Sign in again to go on."},
		.button = "Sign in",
		.target = "{home}/signin",
	},
};

const struct letter_language letter_en = {
	.tag = "en",
	.hello = "Hello,",
	.hello_name = "Hello {name},",
	.copy_link = "If the button does not work, open this address:",
	.footer = "Sent by Parley at {site}",
	.role_admin = "admin",
	.role_member = "member",
	.inviter = "An administrator",
	.units = {{"minute", "minutes"}, {"hour", "hours"}, {"day", "days"}, {"second", "seconds"}},
	.texts = texts,
	.n_texts = ARRAY_LEN(texts),
};
