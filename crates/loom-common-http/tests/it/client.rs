use loom_common_http::{RetryableError, builder, new_client, user_agent};
use wiremock::matchers::{any, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

#[tokio::test]
async fn requests_carry_looms_user_agent() {
    let server = MockServer::start().await;
    Mock::given(any())
        .respond_with(ResponseTemplate::new(204))
        .mount(&server)
        .await;
    for client in [new_client(), builder().build().unwrap()] {
        client.get(server.uri()).send().await.unwrap();
    }
    let commit = loom_common_version::COMMIT;
    let platform = format!("{}-{}", std::env::consts::OS, std::env::consts::ARCH);
    let expected = format!("loom/{platform}/{commit}");
    assert_eq!(user_agent(), expected);
    for request in server.received_requests().await.unwrap() {
        assert_eq!(request.headers["user-agent"], expected.as_str());
    }
}

#[tokio::test]
async fn redirects_are_handed_back_and_not_followed() {
    let server = MockServer::start().await;
    let elsewhere = ResponseTemplate::new(307).insert_header("location", "/elsewhere");
    Mock::given(path("/"))
        .respond_with(elsewhere)
        .mount(&server)
        .await;
    let response = new_client()
        .post(server.uri())
        .bearer_auth("hunter2")
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 307);
    assert_eq!(server.received_requests().await.unwrap().len(), 1);
}

#[tokio::test]
async fn errors_of_the_connection_are_retryable_and_of_the_request_are_not() {
    // A listener that was just closed: nothing else gets its port at once.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    assert!(
        new_client()
            .get(address)
            .send()
            .await
            .unwrap_err()
            .is_retryable()
    );
    assert!(
        !new_client()
            .get("not an address")
            .send()
            .await
            .unwrap_err()
            .is_retryable()
    );
}

#[tokio::test]
async fn an_error_made_from_a_status_is_retryable_when_the_status_is() {
    let server = MockServer::start().await;
    for status in [401, 503] {
        Mock::given(path(format!("/{status}")))
            .respond_with(ResponseTemplate::new(status))
            .mount(&server)
            .await;
    }
    for (status, retryable) in [(401, false), (503, true)] {
        let url = format!("{}/{status}", server.uri());
        let response = new_client().get(url).send().await.unwrap();
        assert_eq!(
            response.error_for_status().unwrap_err().is_retryable(),
            retryable
        );
    }
}
