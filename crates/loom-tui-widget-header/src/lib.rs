//! The line above a session: what it is about, and where.
//!
//! [`Header`] shows its props, [`Heading`]: the program and the thread's title on the left, the folder
//! on the right. When the line is too narrow the folder loses its beginning, down to its last name,
//! then goes; then the title is cut.

use loom_tui_component::Configure;
use loom_tui_core::{
    Component, ComponentId, Display, Event, EventContext, Line, Reaction, RenderContext, SafeText,
    Update, blank, width,
};
use loom_tui_theme::Role;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

/// Cells between title and folder, at least.
const GAP: usize = 2;

/// What the line shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heading {
    /// What the thread is about; empty as long as that is not known.
    pub title: SafeText,
    /// The folder, as people write it: `~/projects/loom`.
    pub folder: SafeText,
}

/// Shows what a session is about.
#[derive(Clone, Debug)]
pub struct Header {
    id: ComponentId,
    heading: Option<Heading>,
}

impl Header {
    /// Makes a line that shows only the program's name.
    pub const fn new(id: ComponentId) -> Self {
        Self { id, heading: None }
    }
}

impl Configure for Header {
    type Props = Heading;

    fn configure(&mut self, props: &Heading, _: &mut Update<()>) {
        self.heading = Some(props.clone());
    }
}

impl Component for Header {
    type Action = ();
    type Output = ();

    fn id(&self) -> ComponentId {
        self.id.clone()
    }

    fn handle_event(&self, _: &Event, _: &EventContext) -> Reaction<()> {
        Reaction::Pass
    }

    fn update(&mut self, (): (), _: &mut Update<()>) {}

    fn height(&self, _: u16, _: &RenderContext<'_>) -> u16 {
        1
    }

    fn render(&self, area: Rect, buffer: &mut Buffer, context: &RenderContext<'_>) {
        let display = context.display;
        let area = Rect {
            height: area.height.min(1),
            ..area
        };
        blank(area, buffer, Style::new());
        let mut left = Line::styled("loom", display.style(Role::Accent));
        let Some(heading) = &self.heading else {
            return left.draw(area, buffer, display);
        };
        if !heading.title.is_empty() {
            left.push(display.pick(" › ", " > "), display.style(Role::Hint));
            left.push(heading.title.as_str(), display.style(Role::Strong));
        }
        let room = usize::from(area.width).saturating_sub(left.width() + GAP);
        left.draw(area, buffer, display);
        let folder = Line::styled(
            shortened(heading.folder.as_str(), room, display),
            display.style(Role::Muted),
        );
        let cells = u16::try_from(folder.width()).unwrap_or(u16::MAX);
        if cells > 0 && usize::from(cells) <= room {
            let at_the_right = Rect {
                x: area.right() - cells,
                width: cells,
                ..area
            };
            folder.draw(at_the_right, buffer, display);
        }
    }
}

/// Leaves out names from the beginning of a folder until it fits; nothing when its last does not.
fn shortened(folder: &str, room: usize, display: &Display) -> String {
    if width(folder) <= room {
        return folder.to_owned();
    }
    let mark = display.pick("…", "~");
    folder
        .match_indices('/')
        .map(|(at, _)| format!("{mark}{}", &folder[at..]))
        .find(|shorter| width(shorter) <= room)
        .unwrap_or_default()
}
