public import EventLoop
public import HTTP
public import ObjectStore

#if canImport(FoundationEssentials)
public import FoundationEssentials
#else
public import Foundation
#endif

/// File storage: certificates, uploads and files derived from them.
public enum ObjectSettings {
    public static let bucket = Setting<String>(
        "S3_BUCKET", "The S3 bucket that stores files. Unset: files are in HUB_OBJECTS_FOLDER.")
    public static let endpoint = Setting<String>(
        "S3_ENDPOINT", "The address of an S3 server other than Amazon's, such as MinIO or Ceph: `https://host:port`.")
    public static let region = Setting<String>(
        "AWS_REGION", default: "us-east-1", "The region of the bucket.")
    public static let accessKeyID = Setting<String>("AWS_ACCESS_KEY_ID", "The id of the access key for the bucket.")
    public static let secretAccessKey = Setting<String>(
        "AWS_SECRET_ACCESS_KEY", secret: true, "The secret of the access key AWS_ACCESS_KEY_ID.")
    public static let folder = Setting<String>(
        "HUB_OBJECTS_FOLDER", default: ".data/objects",
        "The folder that stores files when S3_BUCKET is unset; `up` uses `objects` in its data folder. All processes of the hub must share this folder."
    )

    public static let declarations: [SettingDeclaration] = [
        bucket.declaration, endpoint.declaration, region.declaration, accessKeyID.declaration,
        secretAccessKey.declaration, folder.declaration,
    ]
}

extension Settings {
    /// The configured store. It does not connect yet.
    /// - Throws: ``SettingsError``, and ``StartError/objects(_:)`` for invalid bucket settings.
    public func objects(
        _ pool: BlockingPool, _ client: HTTPClient, now: @escaping @Sendable () -> Date
    ) throws -> any ObjectStore {
        guard let bucket = try optional(ObjectSettings.bucket) else {
            return FolderStore(path: try value(ObjectSettings.folder), pool: pool)
        }
        let region = try value(ObjectSettings.region)
        do {
            return try S3Store(
                .init(
                    endpoint: try optional(ObjectSettings.endpoint) ?? "https://s3.\(region).amazonaws.com",
                    bucket: bucket, region: region, accessKeyID: try value(ObjectSettings.accessKeyID),
                    secretAccessKey: try value(ObjectSettings.secretAccessKey)),
                client: client, now: now)
        } catch ObjectStoreError.refused(let reason) {
            throw StartError.objects(reason)
        }
    }
}
