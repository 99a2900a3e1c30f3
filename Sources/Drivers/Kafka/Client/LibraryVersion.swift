internal import CKafka

/// The version of librdkafka, which decides the workarounds to apply.
struct LibraryVersion: Comparable {
    let major: Int32
    let minor: Int32
    let revision: Int32

    static var inUse: LibraryVersion {
        let packed = hub_kafka_version()
        return LibraryVersion(major: packed >> 24 & 0xff, minor: packed >> 16 & 0xff, revision: packed >> 8 & 0xff)
    }

    static func < (left: LibraryVersion, right: LibraryVersion) -> Bool {
        (left.major, left.minor, left.revision) < (right.major, right.minor, right.revision)
    }
}
