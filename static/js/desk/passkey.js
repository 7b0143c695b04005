// Passkeys: the browser lets a key of its own sign what the desk asks (WebAuthn).

export const canAsk = Boolean(window.PublicKeyCredential && navigator.credentials);

// Let a passkey of the account answer; return the answer as text for a form. `options` are those of
// the desk. Throws what the browser throws: see sentenceOf.
export async function answer(options) {
  const credential = await navigator.credentials.get({
    publicKey: {
      ...options,
      challenge: bytes(options.challenge),
      allowCredentials: listed(options.allowCredentials),
    },
  });
  const { clientDataJSON, authenticatorData, signature, userHandle } = credential.response;
  return JSON.stringify({
    ...named(credential),
    response: {
      clientDataJSON: text(clientDataJSON),
      authenticatorData: text(authenticatorData),
      signature: text(signature),
      ...(userHandle ? { userHandle: text(userHandle) } : {}),
    },
  });
}

// Let the browser make a passkey; return what it says of it as text for a form.
export async function make(options) {
  const credential = await navigator.credentials.create({
    publicKey: {
      ...options,
      challenge: bytes(options.challenge),
      user: { ...options.user, id: bytes(options.user.id) },
      excludeCredentials: listed(options.excludeCredentials),
    },
  });
  const { clientDataJSON, attestationObject } = credential.response;
  return JSON.stringify({
    ...named(credential),
    response: {
      clientDataJSON: text(clientDataJSON),
      attestationObject: text(attestationObject),
      transports: credential.response.getTransports?.() ?? [],
    },
  });
}

export function sentenceOf(error) {
  switch (error.name) {
    case "InvalidStateError":
      return "There is a passkey of this account in it already.";
    case "SecurityError":
      return "Passkeys do not work at this address. Use another way.";
    case "NotAllowedError":
    case "AbortError":
      return "Nothing was done: it was cancelled, took too long, or your passkey is not here.";
    default:
      return "Your browser could not do that. Try once more, or another way.";
  }
}

function named(credential) {
  const id = text(credential.rawId);
  return { id, rawId: id, type: credential.type };
}

function listed(credentials = []) {
  return credentials.map((one) => ({ ...one, id: bytes(one.id) }));
}

// Between bytes and base64url. Not every browser in use has toJSON and parse…FromJSON.

function bytes(written) {
  const binary = atob(written.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(binary, (one) => one.charCodeAt(0));
}

function text(buffer) {
  const binary = String.fromCharCode(...new Uint8Array(buffer));
  return btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}
