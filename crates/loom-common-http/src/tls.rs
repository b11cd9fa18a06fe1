//! TLS through rustls and ring, trusting what the system trusts.
//!
//! The cryptography provider is handed over explicitly, so nothing depends on a process-wide default
//! that another library may set first. A system without root certificates (a bare container) would
//! make every client fail, even one for plain `http`; there, Mozilla's roots, which are compiled in,
//! take over.

use std::sync::{Arc, LazyLock};

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::CryptoProvider;
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::Verifier;

/// Made once: reading the system's roots takes milliseconds, and clients share resumable sessions.
static CONFIG: LazyLock<ClientConfig> = LazyLock::new(|| {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let system = Verifier::new(Arc::clone(&provider));
    new_config(provider, system)
});

/// Gives the configuration that all clients share.
pub(crate) fn config() -> ClientConfig {
    CONFIG.clone()
}

/// Makes a configuration that checks certificates with `system`, or without it with Mozilla's roots.
#[expect(
    clippy::expect_used,
    reason = "ring supports both TLS versions that rustls knows"
)]
fn new_config(
    provider: Arc<CryptoProvider>,
    system: Result<Verifier, rustls::Error>,
) -> ClientConfig {
    let verifier: Arc<dyn ServerCertVerifier> = match system {
        Ok(verifier) => Arc::new(verifier),
        Err(error) => {
            tracing::warn!(%error, "no certificates from the system; using the built-in ones");
            mozilla_verifier(Arc::clone(&provider))
        }
    };
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("ring supports TLS 1.2 and 1.3")
        // rustls calls every verifier that it did not make itself dangerous. This one does verify.
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    config
}

#[expect(clippy::expect_used, reason = "fails only for an empty list of roots")]
fn mozilla_verifier(provider: Arc<CryptoProvider>) -> Arc<WebPkiServerVerifier> {
    let roots = RootCertStore {
        roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
    };
    WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider)
        .build()
        .expect("Mozilla's list of roots is not empty")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_system_without_certificates_gets_the_built_in_ones() {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let none = Err(rustls::Error::General("no certificates".to_owned()));
        let config = new_config(provider, none);
        assert_eq!(
            config.alpn_protocols,
            [b"h2".to_vec(), b"http/1.1".to_vec()]
        );
    }
}
