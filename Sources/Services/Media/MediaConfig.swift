internal import EventLoop
internal import Platform

/// The operator's settings of this service.
struct MediaConfig: Sendable {
    static let ffmpegFolderSetting = Setting<String>(
        "HUB_FFMPEG_FOLDER", default: "/usr/bin", "The folder that contains ffmpeg and ffprobe.")
    static let transcodeTimeSetting = Setting<Duration>(
        "HUB_TRANSCODE_TIME", default: .seconds(1_800), "The time limit of one run of ffmpeg.")

    static let declarations = [ffmpegFolderSetting.declaration, transcodeTimeSetting.declaration]

    let ffmpegFolder: String
    let transcodeTime: Duration

    init(_ settings: Settings) throws(SettingsError) {
        ffmpegFolder = try settings.value(Self.ffmpegFolderSetting)
        transcodeTime = try settings.value(Self.transcodeTimeSetting)
    }
}
