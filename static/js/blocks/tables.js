// The dialog for a new table asks for what readers need: a row of headings, and a caption.

const CKEDITOR = window.CKEDITOR;

export function tables() {
  CKEDITOR.on("dialogDefinition", ({ data, editor }) => {
    if (data.name !== "table" || editor.config.foreign.short) return;
    const info = data.definition.getContents("info");
    info.get("txtRows").default = "4";
    info.get("txtCols").default = "3";
    info.get("selHeaders").default = "row";
    info.get("selHeaders").label = "Headings";
    info.get("txtCaption").label = "Caption, above the table";
    for (const name of ["txtSummary", "txtWidth", "txtHeight", "txtBorder", "txtCellSpace", "txtCellPad", "cmbAlign"]) {
      info.remove(name);
    }
    // Enter after a field was changed may press OK twice; there is one table for it.
    const { onOk, onShow } = data.definition;
    let isDone = false;
    Object.assign(data.definition, {
      onShow() {
        isDone = false;
        onShow?.call(this);
      },
      onOk() {
        if (isDone) return;
        isDone = true;
        onOk.call(this);
      },
    });
    data.definition.title = "Table";
    data.definition.minHeight = 180;
  });
}
