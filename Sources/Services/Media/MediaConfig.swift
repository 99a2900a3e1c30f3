internal import EventLoop
internal import Platform

/// The operator's settings of this service.
struct MediaConfig: Sendable {
    static let ffmpegFolderSetting = Setting<String>(
        "HUB_FFMPEG_FOLDER", default: "/usr/bin", "The folder that contains ffmpeg and ffprobe.")
    static let transcodeTimeSetting = Setting<Duration>(
        "HUB_TRANSCODE_TIME", default: .seconds(1_800), "The time limit of one run of ffmpeg.")
    static let quotaSetting = Setting<Int>(
        "HUB_MEDIA_QUOTA_GIB", default: 100,
        "The maximum total size of the files that a person uploads, in GiB, from 1 to 1048576. Renditions do not count."
    )

    static let declarations = [
        ffmpegFolderSetting.declaration, transcodeTimeSetting.declaration, quotaSetting.declaration,
    ]

    let ffmpegFolder: String
    let transcodeTime: Duration
    let quotaBytes: Int

    init(_ settings: Settings) throws(SettingsError) {
        ffmpegFolder = try settings.value(Self.ffmpegFolderSetting)
        transcodeTime = try settings.value(Self.transcodeTimeSetting)
        let quotaGibibytes = try settings.value(Self.quotaSetting)
        guard (1...1_048_576).contains(quotaGibibytes) else {
            throw .invalid(name: Self.quotaSetting.name, expected: "a number from 1 to 1048576")
        }
        quotaBytes = quotaGibibytes << 30
    }
}
