package ctrl

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"net/http"

	"hongyan/asset"
	"hongyan/asset/locale"
	"hongyan/model"
	"hongyan/service"
	"hongyan/view"
)

// Pages are the templates and assets that pages are made of.
type Pages struct {
	Views  *view.Views
	Assets *asset.Files
	styles string
}

// NewPages parses the templates and prepares the assets; a fault in either is
// an error.
func NewPages(catalogue *locale.Catalogue) (*Pages, error) {
	assets, err := asset.Load(catalogue)
	if err != nil {
		return nil, err
	}
	views, err := view.New(catalogue, assets, locale.Chinese, locale.English)
	if err != nil {
		return nil, err
	}
	return &Pages{Views: views, Assets: assets, styles: styleSource(assets, asset.Stylesheet, asset.FormSheet)}, nil
}

// styleSource is a policy's word on styles: those of this site's files, and the
// sheets that stand within pages, by what they say.
func styleSource(assets *asset.Files, names ...string) string {
	allowed := "style-src 'self'"
	for _, name := range names {
		sum := sha256.Sum256([]byte(assets.Sheet(name)))
		allowed += " 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
	}
	return allowed
}

// of gives what serves the pages.
func (made *Pages) of(s *Server, source PageSource) *pages {
	return &pages{Server: s, views: made.Views, assets: made.Assets, styles: made.styles, source: source}
}

// siteSource is the PageSource of the product: its services.
type siteSource struct{ *Server }

var _ PageSource = siteSource{}

func (s siteSource) User(ctx context.Context, userID int64) (*model.User, error) {
	return s.Users.ByID(ctx, userID)
}

func (s siteSource) Conversations(ctx context.Context, userID int64) ([]model.ConversationRow, error) {
	return s.Server.Conversations.List(ctx, userID)
}

func (s siteSource) History(ctx context.Context, userID int64, kind int, dstID, before int64, limit int) ([]model.Message, error) {
	page := service.Page{Limit: limit}
	if before > 0 {
		page.Before = &before
	}
	return s.Messages.History(ctx, userID, kind, dstID, page)
}

func (s siteSource) Friends(ctx context.Context, userID int64) ([]model.Friend, error) {
	return s.Contacts.Friends(ctx, userID)
}

func (s siteSource) Requests(ctx context.Context, userID int64) ([]model.RequestRow, error) {
	return s.Server.Requests.List(ctx, userID)
}

func (s siteSource) Names(ctx context.Context, ids []int64) (map[int64]model.PublicUser, error) {
	users, err := s.Users.ByIDs(ctx, ids)
	names := make(map[int64]model.PublicUser, len(users))
	for id, user := range users {
		names[id] = user.Public()
	}
	return names, err
}

func (s siteSource) CreateGroup(ctx context.Context, userID int64, c *model.Community, members []int64) (int64, error) {
	group, err := s.Communities.Create(ctx, userID, service.NewGroup{Name: c.Name, Memo: c.Memo, Members: members})
	if err != nil {
		return 0, err
	}
	return group.ID, nil
}

func (s siteSource) Login(w http.ResponseWriter, r *request) error {
	_, err := s.login(w, r)
	return err
}

func (s siteSource) Register(w http.ResponseWriter, r *request) error {
	_, err := s.register(w, r)
	return err
}
