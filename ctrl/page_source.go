package ctrl

import (
	"context"
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
	return &Pages{Views: views, Assets: assets}, nil
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
