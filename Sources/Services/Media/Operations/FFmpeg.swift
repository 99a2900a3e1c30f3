internal import EventLoop
internal import Messaging
internal import Platform
internal import Subprocess

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// Creates renditions with ffmpeg, in a separate process because uploaded files may be malicious.
///
/// ffmpeg reads one file with a fixed demuxer, opens nothing that the file refers to, and runs with limits on time, memory and output.
struct FFmpeg: Sendable {
    /// A permanent failure caused by the file. The reason is shown to the owner.
    struct Refusal: Error, Equatable {
        let reason: String
    }

    struct Output: Sendable, Equatable {
        /// The file names of source and rendition in the work folder.
        let name: String
        let contentType: String
        var width: Int?
        var height: Int?
    }

    private static let memoryBytesMax = 3 * 1024 * 1024 * 1024
    private static let fileBytesMax = 4 * 1024 * 1024 * 1024
    /// The maximum pixels of a picture or frame, which limits the memory for decoding.
    private static let pixelsMax = 64_000_000
    private static let videoSecondsMax = 4.0 * 3_600
    private static let videoWidthMax = 1_280
    private static let imageWidths = [("small.webp", 320), ("medium.webp", 960), ("large.webp", 1_920)]

    let folder: String
    /// The limits of one run.
    let timeMax: Duration
    /// The pool whose threads wait for ffmpeg.
    let pool: BlockingPool

    // MARK: Renditions

    /// An MP4 that plays while it loads, and a poster image, if there is one.
    func video(
        _ input: String, _ format: String, into output: String
    ) async throws -> (files: [Output], durationSeconds: Double?) {
        let source = try await probe(input, format, "video")
        guard source.hasVideo else { throw Refusal(reason: "There is no video in the file.") }
        if let seconds = source.seconds, seconds > Self.videoSecondsMax {
            throw Refusal(
                reason: "The video is longer than \(Int(Self.videoSecondsMax / 3_600)) hours. Cut it into parts.")
        }
        let (movie, poster) = ("\(output)/video.mp4", "\(output)/poster.jpg")
        try await make(
            reading(input, format) + [
                "-map", "0:v:0", "-map", "0:a:0?", "-map_metadata", "-1", "-c:v", "libx264", "-preset", "veryfast",
                "-crf", "23", "-pix_fmt", "yuv420p", "-vf", "scale=trunc(min(\(Self.videoWidthMax)\\,iw)/2)*2:-2",
                "-c:a", "aac", "-b:a", "128k", "-ac", "2", "-movflags", "+faststart", "-threads", "2", movie,
            ], "video")
        let made = try await probe(movie, "mov", "video")
        var files = [Output(name: "video.mp4", contentType: "video/mp4", width: made.width, height: made.height)]
        var hasPoster = try await still(of: movie, at: (made.seconds ?? 0) / 10, into: poster)
        // The sound may be much longer than the picture.
        if !hasPoster { hasPoster = try await still(of: movie, at: 0, into: poster) }
        if hasPoster {
            files.append(
                Output(name: "poster.jpg", contentType: "image/jpeg", width: made.width, height: made.height))
        }
        return (files, made.seconds)
    }

    /// - Returns: false when the video has no picture at that time, which some versions of ffmpeg report as an error.
    private func still(of movie: String, at seconds: Double, into poster: String) async throws -> Bool {
        do {
            try await make(
                ["-ss", "\(seconds)"] + reading(movie, "mov") + [
                    "-frames:v", "1", "-q:v", "3", "-update", "1", poster,
                ], "video")
        } catch is Refusal {
            return false
        }
        return try await pool.run { FileManager.default.fileExists(atPath: poster) }
    }

    /// The picture in sizes for small, medium and large screens; never enlarged.
    func image(
        _ input: String, _ format: String, into output: String
    ) async throws -> (files: [Output], durationSeconds: Double?) {
        guard try await probe(input, format, "picture").hasVideo else {
            throw Refusal(reason: "There is no picture in the file.")
        }
        var files: [Output] = []
        for (name, width) in Self.imageWidths {
            try await make(
                reading(input, format) + [
                    "-frames:v", "1", "-map_metadata", "-1", "-vf", "scale=min(\(width)\\,iw):-1", "-c:v", "libwebp",
                    "-quality", "82", "-update", "1", "-f", "image2", "\(output)/\(name)",
                ], "picture")
            let made = try await probe("\(output)/\(name)", "webp_pipe", "picture")
            files.append(Output(name: name, contentType: "image/webp", width: made.width, height: made.height))
        }
        return (files, nil)
    }

    // MARK: Runs

    private func reading(_ input: String, _ format: String) -> [String] {
        ["-protocol_whitelist", "file", "-max_pixels", "\(Self.pixelsMax)", "-f", format, "-i", input]
    }

    private func make(_ arguments: [String], _ kind: String) async throws {
        _ = try await run("ffmpeg", ["-nostdin", "-v", "error", "-y"] + arguments, kind)
    }

    private struct Found: Sendable {
        var hasVideo = false
        var width, height: Int?
        var seconds: Double?
    }

    private func probe(_ input: String, _ format: String, _ kind: String) async throws -> Found {
        let answer = try await run(
            "ffprobe",
            [
                "-v", "error", "-protocol_whitelist", "file", "-max_pixels", "\(Self.pixelsMax)", "-f", format,
                "-show_entries", "format=duration:stream=codec_type,width,height", "-of", "json", input,
            ], kind)
        let told = try HubJSON.decode(Probe.self, from: answer)
        let video = told.streams?.first { $0.codec_type == "video" }
        return Found(
            hasVideo: video != nil, width: video?.width, height: video?.height,
            seconds: told.format?.duration.flatMap(Double.init))
    }

    /// - Throws: ``Refusal`` when ffmpeg rejected the file, otherwise a temporary failure.
    private func run(_ name: String, _ arguments: [String], _ kind: String) async throws -> [UInt8] {
        var program = Subprocess("\(folder)/\(name)", arguments, limits: .init(timeMax: timeMax))
        program.environment = ["LANG": "C"]
        program.limits.memoryBytesMax = Self.memoryBytesMax
        program.limits.fileBytesMax = Self.fileBytesMax
        program.limits.outputBytesMax = 64 * 1024
        let outcome: Subprocess.Outcome
        do {
            outcome = try await program.run(on: pool)
        } catch let error as SubprocessError {
            // A missing program must be installed by an operator; the task waits for that.
            if case .notStarted(let path, let reason) = error { throw Failure.dependencyDown("\(path): \(reason)") }
            throw error
        }
        // The process may have been killed because others used the memory.
        if outcome.status > 128 { throw Failure.transient("\(name) was killed by signal \(outcome.status - 128)") }
        guard outcome.status == 0 else {
            if outcome.errors.contains("No space left on device") {
                throw Failure.dependencyDown("\(name): the disk is full")
            }
            // The memory of a run is limited, so the file can be the cause too.
            if outcome.errors.contains("Cannot allocate memory") {
                throw Failure.transient("\(name): not enough memory")
            }
            throw Refusal(
                reason: "The \(kind) cannot be read: the file is damaged or of an unusual kind. Export it again.")
        }
        return outcome.output
    }
}

/// The relevant part of ffprobe's output.
private struct Probe: Decodable {
    struct Stream: Decodable {
        let codec_type: String?
        let width, height: Int?
    }
    struct Format: Decodable {
        let duration: String?
    }
    let streams: [Stream]?
    let format: Format?
}
