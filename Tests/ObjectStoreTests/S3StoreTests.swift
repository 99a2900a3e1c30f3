import Foundation
import HTTP
import HubTesting
import Secrets
import Testing

@testable import ObjectStore

@Suite struct S3StoreTests {
    private func with(
        _ change: (inout S3Store.Configuration) -> Void = { _ in }, _ body: (S3Store) async throws -> Void
    ) async throws {
        var configuration = S3Store.Configuration(try await S3Server.shared)
        change(&configuration)
        let client = HTTPClient(loops: TestLoops.shared)
        try await body(try S3Store(configuration, client: client, now: { Date() }))
        await client.close()
    }

    @Test func `a wrong secret is a permanent error`() async throws {
        try await with({ $0.secretAccessKey = String(repeating: "x", count: 40) }) { store in
            let expected = ObjectStoreError.refused("403 SignatureDoesNotMatch")
            await #expect(throws: expected) { try await store.get(try ObjectKey("a")) }
            await #expect(throws: expected) {
                try await store.put([1], at: try ObjectKey("a"), contentType: "text/plain")
            }
            await #expect(throws: expected) { try await store.list(prefix: "a", after: nil, countMax: 1) }
            await #expect(throws: expected) { try await store.check() }
        }
    }

    @Test func `a missing bucket differs from a missing object`() async throws {
        try await with({ $0.bucket = "another-bucket" }) { store in
            await #expect(throws: ObjectStoreError.refused("404 NoSuchBucket")) {
                try await store.get(try ObjectKey("a"))
            }
            await #expect(throws: ObjectStoreError.refused("there is no bucket of that name")) {
                try await store.check()
            }
        }
    }

    @Test func `an S3 server that is down is unavailable`() async throws {
        try await with({ $0.endpoint = "http://127.0.0.1:1" }) { store in
            await #expect {
                try await store.head(try ObjectKey("a"))
            } throws: { error in
                if case ObjectStoreError.unavailable = error { true } else { false }
            }
        }
    }

    @Test(arguments: ["ftp://a", "http://a/path", "https://user@a", "a", ""])
    func `an invalid endpoint is refused at once`(endpoint: String) async throws {
        let client = HTTPClient(loops: TestLoops.shared)
        #expect(throws: ObjectStoreError.refused("the endpoint is not the URL of a host")) {
            try S3Store(
                .init(
                    endpoint: endpoint, bucket: "abc", region: "a", accessKeyID: "a",
                    secretAccessKey: "aaaaaaaaaaaaaaaa"),
                client: client, now: { Date() })
        }
        await client.close()
    }

    private static var example: S3Signer {
        get throws {
            S3Signer(
                accessKeyID: "AKIAIOSFODNN7EXAMPLE",
                secretAccessKey: try #require(HMACKey(secret: "AWS4wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")),
                region: "us-east-1")
        }
    }
    private static let exampleTime = Date(timeIntervalSince1970: 1_369_353_600)

    @Test func `an address is signed as in the example of Amazon's documentation`() throws {
        let query = try Self.example.query(
            host: "examplebucket.s3.amazonaws.com", path: "/test.txt", seconds: 86_400, at: Self.exampleTime)
        #expect(
            query
                == "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request"
                + "&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host"
                + "&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404")
    }

    @Test func `requests are signed as in the examples of Amazon's documentation`() throws {
        let host = "examplebucket.s3.amazonaws.com"
        let nothing = S3Signer.hex(SHA256.digest(""))
        let range = try Self.example.fields(
            .get, host: host, path: "/test.txt", query: [], fields: [("range", "bytes=0-9")], payload: nothing,
            at: Self.exampleTime)
        #expect(
            range.last?.1
                == "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, SignedHeaders=host;range;x-amz-content-sha256;x-amz-date, Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"
        )
        let list = try Self.example.fields(
            .get, host: host, path: "/", query: [("max-keys", "2"), ("prefix", "J")], fields: [], payload: nothing,
            at: Self.exampleTime)
        #expect(list.last?.1.hasSuffix("34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7") == true)
    }

    @Test func `an address contains the object and its lifetime`() async throws {
        try await with { store in
            let address = try #require(store.address(of: try ObjectKey("a/b.pdf"), for: .seconds(90)))
            #expect(address.contains("/hub-objects/a/b.pdf?"))
            #expect(address.contains("X-Amz-Expires=90&"))
            let long = try #require(store.address(of: try ObjectKey("a"), for: .seconds(10_000_000)))
            #expect(long.contains("X-Amz-Expires=604800&"), "S3 takes no longer one")
        }
    }

    @Test func `a list with foreign objects is read, whatever their names`() {
        let xml = """
            <?xml version="1.0"?><ListBucketResult><Name>b</Name><Contents><Key>a/b</Key><Size>12</Size></Contents>
            <Contents><Key>no &amp; key</Key><Size>1</Size></Contents><Contents><Key>c</Key></Contents>
            <Contents><Key>d</Key><ETag>&quot;x&quot;</ETag><Size>3</Size></Contents><Contents><Key>e</Key>
            """
        #expect(S3Listing.objects(in: xml).map(\.key.text) == ["a/b", "d"])
        #expect(S3Listing.objects(in: "").isEmpty)
    }
}
