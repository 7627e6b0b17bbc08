//! Writing: the lists of posts and pages, and the editor.

use crate::domain::category::Tag;
use crate::domain::id::PostId;
use crate::domain::media::MediaId;
use crate::domain::paging::page_number;
use crate::domain::post::{Kind, PostHead, PostInput, State};
use crate::error::{Error, FieldError, Result};
use crate::service::categories;
use crate::service::comments;
use crate::service::media;
use crate::service::posts;
use crate::service::settings;
use crate::service::writing;
use crate::service::writing::Intent;
use crate::view;
use crate::view::admin::editor::{Conflict, Editor};
use crate::view::layout::Frame;
use crate::web::Site;
use crate::web::form::Form;
use crate::web::framed::{framed, refused, signed_out};
use crate::web::request::Req;
use crate::web::response;
use crate::web::response::Res;
use http::StatusCode;
use std::sync::Arc;

/// The way in: the list of posts.
pub async fn entrance(site: Arc<Site>, req: Req) -> Result<Res> {
    writing::permit(&req.actor, Kind::Post)?;
    Ok(response::see_other(&site.app.links().admin_posts()))
}

/// Posts the actor sees to.
pub async fn posts(site: Arc<Site>, req: Req) -> Result<Res> {
    index(&site, &req, Kind::Post)
}

/// Static pages.
pub async fn pages(site: Arc<Site>, req: Req) -> Result<Res> {
    index(&site, &req, Kind::Page)
}

fn index(site: &Site, req: &Req, kind: Kind) -> Result<Res> {
    let txn = site.app.read()?;
    let state = req.query("state").and_then(State::parse);
    let number = page_number(req.query("page")).ok_or(Error::NotFound("page"))?;
    let cards = posts::managed(&site.app, &txn, &req.actor, (kind, state), number)?;
    Ok(response::html(framed(site, req, &txn, &["state", "page"], |frame| {
        view::admin::posts::index(frame, kind, state, &cards)
    })?))
}

/// An empty editor for a post.
pub async fn new_post(site: Arc<Site>, req: Req) -> Result<Res> {
    new(&site, &req, Kind::Post)
}

/// An empty editor for a static page.
pub async fn new_page(site: Arc<Site>, req: Req) -> Result<Res> {
    new(&site, &req, Kind::Page)
}

fn new(site: &Site, req: &Req, kind: Kind) -> Result<Res> {
    writing::permit(&req.actor, kind)?;
    let zone = settings::current(&site.app.read()?)?.time_zone.clone();
    let input = PostInput { comments_open: true, zone, ..PostInput::default() };
    Draft::new(kind, input).show(site, req, StatusCode::OK, &[])
}

/// The editor of a post or a page.
pub async fn edit(site: Arc<Site>, req: Req) -> Result<Res> {
    let txn = site.app.read()?;
    let (head, source) = posts::editable(&site.app, &txn, &req.actor, id(&req)?)?;
    let settings = settings::current(&txn)?;
    let input = PostInput {
        title: head.title.clone(),
        slug: head.slug.to_string(),
        source,
        category: head.category.map(|id| id.to_string()).unwrap_or_default(),
        tags: head.tags.iter().map(|tag| tag.name.clone()).collect(),
        excerpt: head.excerpt.clone(),
        comments_open: head.comments_open,
        published_at: head.published_at.map(|time| time.local_input(&settings.zone())).unwrap_or_default(),
        zone: settings.time_zone.clone(),
        cover_alt: head.cover.as_ref().map(|cover| cover.alt.clone()).unwrap_or_default(),
        cover: head.cover.clone(),
        language: head.language.clone().unwrap_or_default(),
    };
    drop(txn);
    let draft = Draft { version: head.version, stored: Some(head.id), ..Draft::new(head.kind, input) };
    draft.show(&site, &req, StatusCode::OK, &[])
}

/// Takes the editor of a new post.
pub async fn create_post(site: Arc<Site>, req: Req) -> Result<Res> {
    create(&site, req, Kind::Post).await
}

/// Takes the editor of a new static page.
pub async fn create_page(site: Arc<Site>, req: Req) -> Result<Res> {
    create(&site, req, Kind::Page).await
}

async fn create(site: &Arc<Site>, mut req: Req, kind: Kind) -> Result<Res> {
    if let Err(error) = writing::permit(&req.actor, kind) {
        return give_back(site, req, kind, error).await;
    }
    let form = req.form().await?;
    take(site, &req, &form, Draft::new(kind, typed(&form))).await
}

/// Takes the editor of a stored post or page.
pub async fn update(site: Arc<Site>, mut req: Req) -> Result<Res> {
    let head = match posts::editable_head(&site.app, &site.app.read()?, &req.actor, id(&req)?) {
        Ok(head) => head,
        Err(error) => return give_back(&site, req, Kind::Post, error).await,
    };
    let form = req.form().await?;
    let version = form.text("version").parse().unwrap_or(0);
    let mut input = typed(&form);
    if head.kind == Kind::Page {
        // The editor of a page has no box for it.
        input.comments_open = head.comments_open;
    }
    take(&site, &req, &form, Draft { version, stored: Some(head.id), ..Draft::new(head.kind, input) }).await
}

/// Whoever was signed out, or whose post was deleted, while they wrote gets their text back.
async fn give_back(site: &Site, mut req: Req, kind: Kind, error: Error) -> Result<Res> {
    let form = req.form().await?;
    let (status, message) = match &error {
        Error::Unauthenticated => (StatusCode::UNAUTHORIZED, signed_out()),
        Error::NotFound(_) => (StatusCode::NOT_FOUND, gone()),
        Error::Forbidden if req.actor.can_write(Kind::Post) => (StatusCode::FORBIDDEN, gone()),
        Error::Forbidden => (StatusCode::FORBIDDEN, may_not_write()),
        _ => return Err(error),
    };
    let input = typed(&form);
    if input.source.trim().is_empty() {
        return Err(error);
    }
    let mut draft = Draft::new(kind, input);
    if req.actor.is_anonymous() {
        // To be sent to the same place once they are signed in again.
        draft.post_to = Some(site.app.links().to(&req.path));
        draft.version = form.text("version").parse().unwrap_or(0);
    }
    draft.keep_cover(site, &form)?;
    draft.show(site, &req, status, &[message])
}

fn may_not_write() -> FieldError {
    let message =
        "You may not write here, or not any more, so nothing was saved. Your text is still here to be copied.";
    FieldError { field: "".into(), message: message.into() }
}

fn gone() -> FieldError {
    let message =
        "This post is not there any more, or not yours. Your text is still here: saving makes a new post of it.";
    FieldError { field: "".into(), message: message.into() }
}

/// Does what the pressed button says; whatever goes wrong, the form comes back as it was filled in.
async fn take(site: &Arc<Site>, req: &Req, form: &Form, mut draft: Draft) -> Result<Res> {
    if let Err(error) = draft.take_images(site, req, form).await {
        return draft.again(site, req, error);
    }
    let intent = match form.text("action") {
        "publish" => Intent::Publish,
        "unpublish" => Intent::Unpublish,
        "preview" => return draft.preview(site, req).await,
        "insert" if form.files("images").next().is_none() => {
            return draft.again(site, req, Error::field("images", "Please choose an image first."));
        }
        "insert" => {
            draft.notice = Some("Uploaded. The Markdown of the images stands at the end of the text.");
            return draft.show(site, req, StatusCode::OK, &[]);
        }
        _ => Intent::Save,
    };
    let saved = match draft.stored {
        None => site.commit(req, writing::create(&site.app, &req.actor, draft.kind, &draft.input, intent).await).await,
        Some(id) => {
            site.commit(req, writing::update(&site.app, &req.actor, (id, draft.version), &draft.input, intent).await)
                .await
        }
    };
    match saved {
        Ok(head) => Ok(saved_at(site, &head, intent)),
        Err(error) => draft.again(site, req, error),
    }
}

fn saved_at(site: &Site, head: &PostHead, intent: Intent) -> Res {
    let word = match (intent, head.state(site.app.now())) {
        (Intent::Unpublish, _) => "unpublished",
        (Intent::Publish, State::Scheduled) => "scheduled",
        (Intent::Publish, _) => "published",
        (Intent::Save, _) => "saved",
    };
    response::see_other(&format!("{}?done={word}", site.app.links().admin_edit(head.id)))
}

/// Asks before a post is deleted.
pub async fn confirm(site: Arc<Site>, req: Req) -> Result<Res> {
    let txn = site.app.read()?;
    let head = posts::editable_head(&site.app, &txn, &req.actor, id(&req)?)?;
    let count = comments::conversation(&txn, head.id, 1)?.total;
    Ok(response::html(framed(&site, &req, &txn, &[], |frame| {
        view::admin::editor::confirm_delete(frame, &head, count)
    })?))
}

/// Deletes a post.
pub async fn remove(site: Arc<Site>, req: Req) -> Result<Res> {
    let head = site.commit(&req, writing::remove(&site.app, &req.actor, id(&req)?)).await?;
    let links = site.app.links();
    let list = if head.kind == Kind::Post { links.admin_posts() } else { links.admin_pages() };
    Ok(response::see_other(&format!("{list}?done=deleted")))
}

/// The editor as it stands between two requests.
struct Draft {
    kind: Kind,
    stored: Option<PostId>,
    version: u32,
    input: PostInput,
    notice: Option<&'static str>,
    /// Where the form is sent, if not where `kind` and `stored` say.
    post_to: Option<String>,
}

impl Draft {
    fn new(kind: Kind, input: PostInput) -> Draft {
        Draft { kind, stored: None, version: 0, input, notice: None, post_to: None }
    }

    /// The cover as it stands in the form.
    fn keep_cover(&mut self, site: &Site, form: &Form) -> Result<()> {
        if let Some(known) = MediaId::parse(form.text("cover_media")).filter(|_| !form.has("cover_remove")) {
            let stored = media::image(&site.app.read()?, &known.to_string()).ok();
            self.input.cover = stored.map(|media| media.picture(String::new()));
        }
        Ok(())
    }

    /// The cover as it stands or as it was uploaded, and images whose Markdown goes to the end of
    /// the text.
    async fn take_images(&mut self, site: &Site, req: &Req, form: &Form) -> Result<()> {
        self.keep_cover(site, form)?;
        if let Some(file) = form.file("cover")? {
            let media = site
                .commit(req, media::upload(&site.app, &req.actor, "cover", &file.name, file.whole("cover")?).await)
                .await?;
            self.input.cover = Some(media.picture(String::new()));
        }
        // The preview opens in a tab of its own: what it put into the text would be lost with that tab.
        if form.text("action") == "preview" {
            return Ok(());
        }
        for file in form.files("images") {
            let media = site
                .commit(req, media::upload(&site.app, &req.actor, "images", &file.name, file.whole("images")?).await)
                .await?;
            let text = &mut self.input.source;
            if !text.is_empty() && !text.ends_with("\n\n") {
                text.push_str(if text.ends_with('\n') { "\n" } else { "\n\n" });
            }
            text.push_str(&view::admin::media::markdown(&media));
            text.push('\n');
        }
        Ok(())
    }

    /// The post as readers would see it.
    async fn preview(self, site: &Site, req: &Req) -> Result<Res> {
        let post = match writing::preview(&site.app, &req.actor, (self.kind, self.stored), &self.input).await {
            Ok(post) => post,
            Err(error) => return self.again(site, req, error),
        };
        let txn = site.app.read()?;
        Ok(response::html(framed(site, req, &txn, &[], |frame| view::post::preview(frame, &post))?))
    }

    /// The form again with what went wrong. A stale edit shows what is stored beside it and takes
    /// its version, so that saving again replaces it knowingly.
    fn again(mut self, site: &Site, req: &Req, error: Error) -> Result<Res> {
        let stale = matches!(error, Error::Stale(_));
        let (status, errors) = refused(error)?;
        let theirs = match self.stored.filter(|_| stale) {
            Some(id) => Some(posts::editable(&site.app, &site.app.read()?, &req.actor, id)?),
            None => None,
        };
        match theirs {
            Some((head, source)) => {
                self.version = head.version;
                let conflict = Conflict { title: &head.title, source: &source };
                self.show_with(site, req, status, &[], Some(conflict))
            }
            None => self.show(site, req, status, &errors),
        }
    }

    fn show(&self, site: &Site, req: &Req, status: StatusCode, errors: &[FieldError]) -> Result<Res> {
        self.show_with(site, req, status, errors, None)
    }

    fn show_with(
        &self,
        site: &Site,
        req: &Req,
        status: StatusCode,
        errors: &[FieldError],
        conflict: Option<Conflict<'_>>,
    ) -> Result<Res> {
        let txn = site.app.read()?;
        let stored = self.stored.map(|id| posts::editable_head(&site.app, &txn, &req.actor, id)).transpose()?;
        let editor = Editor {
            kind: self.kind,
            stored: stored.as_ref(),
            post_to: self.post_to.as_deref(),
            input: &self.input,
            version: self.version,
            categories: &categories::all(&txn)?,
            is_unsaved: !req.method.is_safe(),
            conflict,
        };
        let page = framed(site, req, &txn, &[], |frame| {
            let frame = Frame { notice: self.notice.or(frame.notice), ..*frame };
            view::admin::editor::edit(&frame, &editor, errors)
        })?;
        Ok(response::html_status(status, page))
    }
}

fn typed(form: &Form) -> PostInput {
    PostInput {
        title: form.text("title").into(),
        slug: form.text("slug").into(),
        source: form.text("source").into(),
        category: form.text("category").into(),
        tags: Tag::split_names(form.text("tags")),
        excerpt: form.text("excerpt").into(),
        comments_open: form.has("comments_open"),
        published_at: form.text("published_at").into(),
        zone: form.text("zone").into(),
        cover: None,
        cover_alt: form.text("cover_alt").into(),
        language: form.text("language").into(),
    }
}

fn id(req: &Req) -> Result<PostId> {
    PostId::parse(req.param("id")?).ok_or(Error::NotFound("post"))
}
