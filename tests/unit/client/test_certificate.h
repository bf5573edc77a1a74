#pragma once

namespace rectifier::client::testing {

// A self-signed certificate for 127.0.0.1, valid until 2125, and its key: the tests' authority,
// server and client in one. Made with
// openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 36500
// -subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1
inline constexpr char kCertificate[] = R"(
-----BEGIN CERTIFICATE-----
MIIBkTCCATagAwIBAgIUbwGRn51QAKcEp0fcDpWS68jo01MwCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJMTI3LjAuMC4xMCAXDTI2MTEyMzIyMDMzMVoYDzIxMjYxMDMw
MjIwMzMxWjAUMRIwEAYDVQQDDAkxMjcuMC4wLjEwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAATyPW7CmpVGWfyS+46veJYCcfzL5vl08NGmsqy+PX2eizkpXK6kkJ4n
004tUr6Y8tCCTW8EaGVcuwoTPIHXABZro2QwYjAdBgNVHQ4EFgQUhlgFHt58LhTa
dsb5/uKNV/pr5CMwHwYDVR0jBBgwFoAUhlgFHt58LhTadsb5/uKNV/pr5CMwDwYD
VR0TAQH/BAUwAwEB/zAPBgNVHREECDAGhwR/AAABMAoGCCqGSM49BAMCA0kAMEYC
IQC+ftSeY+WFvqbdqr2PCD9jQ3vrPZbH1Iy1K+9Uxl4FVwIhAL1WA1EI3e2ba6TI
IZaTpqmceT7/licNaPusI+XX2Bbv
-----END CERTIFICATE-----
)";
inline constexpr char kPrivateKey[] = R"(
-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg4fb+TryifYlyWqnP
nO8PsJ9JLqtpuaQhhSJd22rnPbihRANCAATyPW7CmpVGWfyS+46veJYCcfzL5vl0
8NGmsqy+PX2eizkpXK6kkJ4n004tUr6Y8tCCTW8EaGVcuwoTPIHXABZr
-----END PRIVATE KEY-----
)";

}  // namespace rectifier::client::testing
