#if canImport(Glibc)
internal import Glibc
#elseif canImport(Darwin)
internal import Darwin
#endif

/// C copies of strings, freed together.
final class CStrings {
    private(set) var pointers: [UnsafePointer<CChar>?] = []

    init(_ strings: [String] = []) {
        for string in strings { append(string) }
    }

    @discardableResult
    func append(_ string: String) -> UnsafePointer<CChar>? {
        let copy = UnsafePointer(strdup(string))
        pointers.append(copy)
        return copy
    }

    deinit {
        for pointer in pointers { free(UnsafeMutablePointer(mutating: pointer)) }
    }
}
