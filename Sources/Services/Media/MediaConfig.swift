internal import EventLoop
internal import Platform

/// What an operator can set of media.
struct MediaConfig: Sendable {
    static let ffmpegFolderSetting = Setting<String>(
        "HUB_FFMPEG_FOLDER", default: "/usr/bin", "The folder that ffmpeg and ffprobe are in.")
    static let transcodeTimeSetting = Setting<Duration>(
        "HUB_TRANSCODE_TIME", default: .seconds(1_800), "How long one run of ffmpeg may take before it is ended.")

    static let declarations = [ffmpegFolderSetting.declaration, transcodeTimeSetting.declaration]

    let ffmpegFolder: String
    let transcodeTime: Duration

    init(_ settings: Settings) throws(SettingsError) {
        ffmpegFolder = try settings.value(Self.ffmpegFolderSetting)
        transcodeTime = try settings.value(Self.transcodeTimeSetting)
    }
}
