import Avro

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// `avro-generate CONTRACTS OUTPUT [--check]`
@main
struct AvroGenerate {
    static func main() throws {
        let arguments = CommandLine.arguments.dropFirst()
        let folders = arguments.filter { !$0.hasPrefix("--") }
        let contracts = try Contract.load(from: folders[folders.startIndex])
        for (name, text) in try Generator.sources(from: contracts) {
            try Data(text.utf8).write(to: URL(filePath: "\(folders[folders.startIndex + 1])/\(name)"))
        }
    }
}
