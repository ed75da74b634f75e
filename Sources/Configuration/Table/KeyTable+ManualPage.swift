extension KeyTable {
    /// The man page in `man(7)`'s macros: `gatekeeld.conf(5)`.
    ///
    /// - Parameters:
    ///   - paths: where the file and its drop-ins are looked for, for the SYNOPSIS.
    ///   - seeAlso: pages with their sections: `gatekeeld(8)`.
    ///   - hasDropIns: false for a file that stands alone.
    ///   - further: writes sections of the file's own, before the examples.
    public func manualPage(
        paths: [String], seeAlso: [String], hasDropIns: Bool = true, further: (inout ManualPage) -> Void = { _ in }
    ) -> String {
        var page = ManualPage(title: file, section: 5)
        page.heading("NAME")
        page.text("\(file) - \(summary)")
        page.heading("SYNOPSIS")
        page.lines(paths)
        page.heading("DESCRIPTION")
        for paragraph in documentation { page.paragraph(paragraph) }
        page.paragraph(
            "The syntax is that of systemd.syntax(7). An empty assignment restores the default. An unknown section "
                + "or key is an error.")
        if hasDropIns {
            page.paragraph(
                "A drop-in overrides the main file, and a later drop-in an earlier one. Drop-ins of all folders are sorted "
                    + "by name; of two with the same name only the one in the first folder is read, and an empty one or a "
                    + "link to /dev/null hides the others. 'gatekeel config check' names the files that are read."
            )
        }
        for section in sections {
            page.heading("\(section.header) SECTION")
            page.paragraph(section.documentation)
            for key in section.keys {
                page.item("\(key.name)=")
                page.text(key.documentation)
                page.indented(
                    "Allowed: \(key.allowed)."
                        + (key.defaultText.isEmpty ? " No default." : " Default: \(key.defaultText)."))
            }
        }
        further(&page)
        if !examples.isEmpty {
            page.heading("EXAMPLES")
            for example in examples { page.example(example.text, example.lines) }
        }
        page.heading("SEE ALSO")
        page.text(seeAlso.joined(separator: ", "))
        return page.source
    }
}
