internal import HTTP

/// Security fields of every response (OWASP Secure Headers).
enum SecurityFields {
    static func add(to fields: inout HTTPFields) {
        fields["x-content-type-options"] = "nosniff"
        fields["referrer-policy"] = "no-referrer"
        fields["cross-origin-resource-policy"] = "same-origin"
        if !fields.contains("content-security-policy") {
            fields["content-security-policy"] = "default-src 'none'; frame-ancestors 'none'"
        }
        if !fields.contains("cache-control") { fields["cache-control"] = "no-store" }
    }
}
